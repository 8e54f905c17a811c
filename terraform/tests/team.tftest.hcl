# What a team's own code needs, by variables.

variables {
  image_tag = "3f2a9c1d7e5b"
}

override_resource {
  target          = aws_security_group.tasks
  override_during = plan
  values          = { id = "sg-tasks" }
}

override_resource {
  target          = aws_security_group.migrate
  override_during = plan
  values          = { id = "sg-migrate" }
}

override_resource {
  target          = aws_iam_role.task
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-task", id = "itemsvc-dev-task" }
}

override_resource {
  target          = aws_iam_role.migrate
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-migrate", id = "itemsvc-dev-migrate" }
}

override_resource {
  target          = aws_ecr_repository.api
  override_during = plan
  values = {
    arn            = "arn:aws:ecr:us-east-1:123456789012:repository/itemsvc-dev"
    repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev"
  }
}

override_resource {
  target          = aws_lb.main
  override_during = plan
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/itemsvc-dev/0123456789abcdef"
    arn_suffix = "app/itemsvc-dev/0123456789abcdef"
    dns_name   = "itemsvc-dev-1.us-east-1.elb.amazonaws.com"
  }
}

override_resource {
  target          = aws_secretsmanager_secret.database_url
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/database-url-AbCdEf" }
}

override_resource {
  target          = aws_secretsmanager_secret.service_database_url
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf" }
}

override_resource {
  target          = module.credentials.aws_secretsmanager_secret.secret_key
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf" }
}

override_resource {
  target          = aws_kms_key.main
  override_during = plan
  values          = { arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
}

override_resource {
  target          = aws_cloudwatch_log_group.app
  override_during = plan
  values          = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/itemsvc/dev/app" }
}

override_resource {
  target          = aws_cognito_user_pool.main
  override_during = plan
  values = {
    id       = "us-east-1_AbCdEfGhI"
    arn      = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI"
    endpoint = "cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"
  }
}

run "everything" {
  command = plan

  variables {
    extra_environment = { CORS_ALLOWED_ORIGINS = "https://app.example.com" }
    extra_secrets = {
      SENTRY_DSN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:sentry-AbCdEf"
      SHOP_KEY   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-GhIjKl:key::"
      SHOP_USER  = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-GhIjKl:user::"
    }
    task_policy_json = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::shop/*\"}}"
    extra_egress = [
      { port = 6379, cidr = "10.1.0.0/16", description = "Redis" },
      { port = 443, cidr = "203.0.113.7/32", description = "Shop" },
    ]
    create_user_pool = true
    resources        = ["items"]
    api_scopes       = { "orders:refund" = "Refund an order" }
  }

  assert {
    condition = alltrue([for definition in [aws_ecs_task_definition.api[0], aws_ecs_task_definition.command[0], aws_ecs_task_definition.migrate[0]] :
      contains(jsondecode(definition.container_definitions)[0].environment, { name = "CORS_ALLOWED_ORIGINS", value = "https://app.example.com" })
      && contains(jsondecode(definition.container_definitions)[0].secrets, { name = "SHOP_KEY", valueFrom = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-GhIjKl:key::" })
    ])
    error_message = "The service, its one-off tasks and its scheduled commands must have the team's variables and secrets."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : toset(statement.Resource) if statement.Sid == "ReadSecrets"] == [toset([
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/database-url-AbCdEf",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:sentry-AbCdEf",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-GhIjKl",
    ])]
    error_message = "The execution role must be able to read just those secrets, by their ARNs without a key."
  }

  assert {
    condition     = { for name, policy in aws_iam_role_policy.application : policy.role => jsondecode(policy.policy).Statement.Action } == { itemsvc-dev-task = "s3:GetObject", itemsvc-dev-migrate = "s3:GetObject" }
    error_message = "The service and its one-off tasks must be allowed what the team's policy says."
  }

  assert {
    condition = toset([for rule in aws_vpc_security_group_egress_rule.extra : "${rule.security_group_id} -> ${rule.cidr_ipv4} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port} ${rule.description}"]) == toset([
      "sg-tasks -> 10.1.0.0/16 tcp 6379-6379 Redis",
      "sg-migrate -> 10.1.0.0/16 tcp 6379-6379 Redis",
      "sg-tasks -> 203.0.113.7/32 tcp 443-443 Shop",
      "sg-migrate -> 203.0.113.7/32 tcp 443-443 Shop",
    ])
    error_message = "Both kinds of task must be able to connect to the team's addresses."
  }

  assert {
    condition = (toset([for scope in aws_cognito_resource_server.main[0].scope : scope.scope_name]) == toset(["items:read", "items:write", "orders:refund"])
    && contains(aws_cognito_user_pool_client.machine[0].allowed_oauth_scopes, "itemsvc-dev/orders:refund"))
    error_message = "The user pool must have the team's scopes beside those of the resources."
  }
}

run "nothing" {
  command = plan

  assert {
    condition     = length(aws_iam_role_policy.application) == 0 && length(aws_vpc_security_group_egress_rule.extra) == 0
    error_message = "Without the variables the tasks may call no AWS API and connect to nothing else."
  }
}

run "limits_by_the_role" {
  command = plan

  variables {
    extra_environment = { DB_LIMITS = "role" }
  }

  assert {
    condition = alltrue([for definition in [aws_ecs_task_definition.api[0], aws_ecs_task_definition.migrate[0]] :
      contains(jsondecode(definition.container_definitions)[0].environment, { name = "DB_STATEMENT_TIMEOUT_MS", value = "15000" })
    ])
    error_message = "Migrate must give the service's role the service's limit."
  }
}

# A variable whose validation refers to a refused one is not judged, so each run refuses those that are independent.

run "refused_names_and_values" {
  command = plan

  variables {
    extra_environment = { "SHOP-URL" = "https://shop.example.com" }
    task_policy_json  = "s3:GetObject"
    extra_egress      = [{ port = 0, cidr = "10.1.0.0/16", description = "Redis" }]
    resources         = ["Items"]
  }

  expect_failures = [var.extra_environment, var.task_policy_json, var.extra_egress, var.resources]
}

run "refused_names_of_the_service" {
  command = plan

  variables {
    extra_environment = { RATE_LIMIT = "600/min" } # also where rate_limit is not set
    task_policy_json  = "{\"Statement\": []}"
    extra_egress      = [{ port = 443, cidr = "0.0.0.0/0", description = "The internet" }]
    resources         = ["items", "items"]
  }

  expect_failures = [var.extra_environment, var.task_policy_json, var.extra_egress, var.resources]
}

run "refused_secrets_of_the_service" {
  command = plan

  variables {
    extra_environment = { SECRET_KEY = "not a secret any more" }
    api_scopes        = { "items:read" = "Read items" }
  }

  expect_failures = [var.extra_environment, var.api_scopes]
}

run "refused_what_aws_would_refuse_later" {
  command = plan

  variables {
    extra_secrets      = { DATABASE_URL = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf" }
    task_policy_json   = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Principal\": \"*\", \"Resource\": \"*\"}]}"
    extra_egress       = [{ port = 6379, cidr = "10.1.0.1/16", description = "Redis" }]
    scheduled_commands = { remind = { schedule = "cron(0 6 * * * *)", command = ["python"] } }
    api_scopes         = { "orders/refund" = "Refund an order" }
  }

  expect_failures = [var.extra_secrets, var.task_policy_json, var.extra_egress, var.scheduled_commands, var.api_scopes]
}

run "refused_twice_and_too_long" {
  command = plan

  variables {
    extra_environment  = { SHOP = "x" }
    extra_secrets      = { SHOP = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf" }
    task_policy_json   = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": [\"${join("\", \"", [for number in range(400) : "arn:aws:s3:::a-bucket-${number}/*"])}\"]}]}"
    extra_egress       = [{ port = 6379, cidr = "10.1.0.0/16", description = "Redis" }, { port = 6379, cidr = "10.1.0.0/16", description = "Cache" }]
    scheduled_commands = { remind = { schedule = "cron(0 6 * * *)", command = ["python"] } }
    api_scopes         = { for number in range(49) : "orders:${number}" => "One of too many" }
  }

  expect_failures = [var.extra_secrets, var.task_policy_json, var.extra_egress, var.scheduled_commands, var.api_scopes]
}

run "refused_arns" {
  command = plan

  variables {
    extra_secrets = { SHOP = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop" }
    extra_egress  = [{ port = 6379, cidr = "10.1.0.0/16", description = "Größe" }]
  }

  expect_failures = [var.extra_secrets, var.extra_egress]
}

run "refused_names_of_secrets" {
  command = plan

  variables {
    extra_secrets = { "1SHOP" = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf" }
  }

  expect_failures = [var.extra_secrets]
}
