# The environment's generated credentials. They are made and handed on as ephemeral values and written through
# write-only arguments, so neither the state nor a plan file ever holds them.
#
# A module of its own because ephemeral resources cannot be mocked: `terraform test` replaces it as a whole.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

# Letters and digits only: nothing to escape in a URL, a shell or a log line. 40 of them are 238 bits.
ephemeral "aws_secretsmanager_random_password" "database" {
  password_length            = 40
  exclude_punctuation        = true
  require_each_included_type = true
}

ephemeral "aws_secretsmanager_random_password" "service_a" {
  password_length            = 40
  exclude_punctuation        = true
  require_each_included_type = true
}

ephemeral "aws_secretsmanager_random_password" "service_b" {
  password_length            = 40
  exclude_punctuation        = true
  require_each_included_type = true
}

ephemeral "aws_secretsmanager_random_password" "secret_key" {
  password_length            = 64
  exclude_punctuation        = true
  require_each_included_type = true
}

resource "aws_secretsmanager_secret" "database_password" {
  #checkov:skip=CKV2_AWS_57:Rotated by raising a number and applying: ECS never refreshes the secrets of a running task, so a timer would be an outage.
  name                    = "${var.name}/database-password"
  description             = "Master password of the ${var.name} database; DATABASE_URL is made from it"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "database_password" {
  secret_id                = aws_secretsmanager_secret.database_password.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.database.random_password
  secret_string_wo_version = var.database_password_version
}

# Read back what was kept, instead of handing on what was generated: every run generates anew, so an apply that broke
# off half way and is repeated would otherwise give the database and the application different passwords.
ephemeral "aws_secretsmanager_secret_version" "database_password" {
  secret_id  = aws_secretsmanager_secret_version.database_password.secret_id
  version_id = aws_secretsmanager_secret_version.database_password.version_id
}

resource "aws_secretsmanager_secret" "secret_key" {
  #checkov:skip=CKV2_AWS_57:Rotated by raising a number and applying: a timer would end everybody's session.
  name                    = "${var.name}/secret-key"
  description             = "Django's SECRET_KEY of ${var.name}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "secret_key" {
  secret_id                = aws_secretsmanager_secret.secret_key.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.secret_key.random_password
  secret_string_wo_version = var.secret_key_version
}
