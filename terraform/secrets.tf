module "credentials" {
  source = "./modules/credentials"

  name                      = local.name
  kms_key_arn               = aws_kms_key.main.arn
  recovery_window_days      = var.secret_recovery_days
  database_password_version = var.db_password_version
  secret_key_version        = var.secret_key_version
}

locals {
  # The DATABASE_URL without user and password. The certificate's path is that in the image.
  database_url_tail = "${aws_db_instance.main.address}:${local.database_port}/${local.db_name}?sslmode=verify-full&sslrootcert=/app/certs/rds-global-bundle.pem"

  # Terraform writes a write-only value only when its version changes. This secret must be written again when any part
  # of the URL changes, for example after a restore to another address. So the version is a digest of the address and
  # the password's version. It has 52 bits, because Terraform's numbers are exact up to that size.
  database_url_version = parseint(substr(sha256("${var.db_password_version} ${local.db_username} ${local.database_url_tail}"), 0, 13), 16)
}

# The schema's owner. Only the migrate task gets this secret.
resource "aws_secretsmanager_secret" "database_url" {
  #checkov:skip=CKV2_AWS_57:Raising db_password_version rotates it. A running task keeps its secrets, so a timed rotation would be an outage.
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

# The service has two database roles and uses them in turn. One role serves. The other already has the password for
# after the next rotation; the migrate task has set it in the database. When the number rises, the service switches to
# the other role, which works at once. Running tasks go on with the old role. Its password changes only when the next
# migrate task runs.
locals {
  service_role  = var.service_password_version % 2 == 1 ? "a" : "b"
  next_role     = local.service_role == "a" ? "b" : "a"
  service_roles = { (local.service_role) = var.service_password_version, (local.next_role) = var.service_password_version + 1 }
}

resource "aws_secretsmanager_secret" "service_database_url" {
  #checkov:skip=CKV2_AWS_57:Raising service_password_version rotates it. A running task keeps its secrets, so a timed rotation would be an outage.
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
