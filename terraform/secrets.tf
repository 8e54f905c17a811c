module "credentials" {
  source = "./modules/credentials"

  name                      = local.name
  kms_key_arn               = aws_kms_key.main.arn
  recovery_window_days      = var.secret_recovery_days
  database_password_version = var.db_password_version
  secret_key_version        = var.secret_key_version
}

locals {
  # Everything of a DATABASE_URL but user and password. The certificate path is the image's.
  database_url_tail = "${aws_db_instance.main.address}:${local.database_port}/${local.db_name}?sslmode=verify-full&sslrootcert=/app/certs/rds-global-bundle.pem"

  # A write-only value is only written when its version changes, and this secret must be rewritten when any part of
  # the URL does (a database restored under another address, say): the version is a digest of all parts but the
  # password, for which its own version stands. 52 bits, so that it stays an exact number.
  database_url_version = parseint(substr(sha256("${var.db_password_version} ${local.db_username} ${local.database_url_tail}"), 0, 13), 16)
}

# The schema's owner, for the migrate task alone.
resource "aws_secretsmanager_secret" "database_url" {
  #checkov:skip=CKV2_AWS_57:Rotated by raising db_password_version: ECS never refreshes the secrets of a running task, so a timer would be an outage.
  name                    = "${local.name}/database-url"
  description             = "MIGRATE_DATABASE_URL of ${local.name}: the schema's owner"
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "database_url" {
  secret_id                = aws_secretsmanager_secret.database_url.id
  secret_string_wo         = "postgres://${urlencode(local.db_username)}:${urlencode(module.credentials.database_password)}@${local.database_url_tail}"
  secret_string_wo_version = local.database_url_version
}

# The service's own roles: two, in turn. One serves; the other has the password of after the next rotation, and the
# migrate task has told the database. So raising the number switches to a role that works already, and the tasks that
# still run with the other one go on until the next migrate task gives that one a password that nobody knows yet.
locals {
  service_role  = var.service_password_version % 2 == 1 ? "a" : "b"
  next_role     = local.service_role == "a" ? "b" : "a"
  service_roles = { (local.service_role) = var.service_password_version, (local.next_role) = var.service_password_version + 1 }
}

resource "aws_secretsmanager_secret" "service_database_url" {
  #checkov:skip=CKV2_AWS_57:Rotated by raising service_password_version: ECS never refreshes the secrets of a running task, so a timer would be an outage.
  for_each = local.service_roles

  name                    = "${local.name}/service-database-url-${each.key}"
  description             = "DATABASE_URL of ${local.name}, role ${each.key} of the service"
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "service_database_url" {
  for_each = local.service_roles

  secret_id                = aws_secretsmanager_secret.service_database_url[each.key].id
  secret_string_wo         = "postgres://${local.db_username}_${each.key}:${urlencode(each.key == "a" ? module.credentials.service_password_a : module.credentials.service_password_b)}@${local.database_url_tail}"
  secret_string_wo_version = parseint(substr(sha256("${each.value} ${each.key} ${local.database_url_tail}"), 0, 13), 16)
}
