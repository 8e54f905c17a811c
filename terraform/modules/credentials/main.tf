# The environment's generated credentials. They are ephemeral values in write-only arguments, so that neither the state
# nor a plan file holds them.
#
# `terraform test` cannot mock ephemeral resources. So it replaces this module as a whole.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

# Letters and digits need no escape in a URL, a shell or a log line. 40 of them are 238 bits.
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
  #checkov:skip=CKV2_AWS_57:Raising database_password_version rotates it. A running task keeps its secrets, so a timed rotation would be an outage.
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

# The output is the stored password, not the generated one. Every run generates a new password. After an interrupted
# and repeated apply, the database and the application would otherwise have different passwords.
ephemeral "aws_secretsmanager_secret_version" "database_password" {
  secret_id  = aws_secretsmanager_secret_version.database_password.secret_id
  version_id = aws_secretsmanager_secret_version.database_password.version_id
}

resource "aws_secretsmanager_secret" "secret_key" {
  #checkov:skip=CKV2_AWS_57:Raising secret_key_version rotates it. A timed rotation would end all sessions.
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
