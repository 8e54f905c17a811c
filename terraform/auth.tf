# Bearer tokens (optional): from an existing issuer, or from a Cognito user pool with one machine client.

locals {
  issuer   = var.create_user_pool ? "https://${aws_cognito_user_pool.main[0].endpoint}" : var.oidc_issuer
  audience = var.create_user_pool ? local.name : var.oidc_audience

  auth_variables = local.has_auth ? {
    API_AUTH      = "oidc"
    OIDC_ISSUER   = local.issuer
    OIDC_AUDIENCE = local.audience
  } : { API_AUTH = "none" }
  has_auth = var.create_user_pool || var.oidc_issuer != null

  # Each scope's name and description.
  scopes = merge(local.resource_scopes, var.api_scopes)
  resource_scopes = merge([
    for resource in var.resources : {
      "${resource}:read"  = "Read ${resource}"
      "${resource}:write" = "Create, change and delete ${resource}"
    }
  ]...)

  # The domain must be unique in the region, so it contains the account id.
  token_domain   = "${local.name}-${local.account_id}"
  token_endpoint = var.create_user_pool ? "https://${local.token_domain}.auth.${var.region}.amazoncognito.com/oauth2/token" : null

  # The command asks Cognito for the client's secret, so that no output has to hold it.
  token_command = !var.create_user_pool ? null : join(" ", [
    "curl --silent --show-error --fail",
    "--data grant_type=client_credentials",
    "--user \"${aws_cognito_user_pool_client.machine[0].id}:$(aws cognito-idp describe-user-pool-client --region ${var.region} --user-pool-id ${aws_cognito_user_pool.main[0].id} --client-id ${aws_cognito_user_pool_client.machine[0].id} --query UserPoolClient.ClientSecret --output text)\"",
    local.token_endpoint,
  ])
}

resource "aws_cognito_user_pool" "main" {
  count = var.create_user_pool ? 1 : 0

  name                = local.name
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  # The pool is for machines, so nobody may sign up.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  lifecycle {
    precondition {
      condition     = var.nat != "none"
      error_message = "create_user_pool needs nat to be single or per_az: without internet access the tasks cannot fetch the issuer's keys."
    }
  }
}

# The identifier serves as the audience. Cognito's access tokens have no aud, but their scopes start with it.
resource "aws_cognito_resource_server" "main" {
  count = var.create_user_pool ? 1 : 0

  user_pool_id = aws_cognito_user_pool.main[0].id
  identifier   = local.name
  name         = local.name

  dynamic "scope" {
    for_each = local.scopes

    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

# Cognito generates the client's secret and the provider stores it in the state. It is the only secret in the state.
resource "aws_cognito_user_pool_client" "machine" {
  count = var.create_user_pool ? 1 : 0

  name                                 = "${local.name}-machine"
  user_pool_id                         = aws_cognito_user_pool.main[0].id
  generate_secret                      = true
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = [for scope in keys(local.scopes) : "${aws_cognito_resource_server.main[0].identifier}/${scope}"]
  access_token_validity                = 60

  token_validity_units {
    access_token = "minutes"
  }
}

resource "aws_cognito_user_pool_domain" "main" {
  count = var.create_user_pool ? 1 : 0

  domain       = local.token_domain
  user_pool_id = aws_cognito_user_pool.main[0].id
}
