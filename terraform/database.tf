locals {
  db_name          = "items"
  db_username      = "itemsvc"
  db_major_version = split(".", var.db_engine_version)[0]

  # GiB of memory by size within a family (Amazon RDS user guide, "DB instance classes").
  db_memory_burstable = { micro = 1, small = 2, medium = 4, large = 8, xlarge = 16, "2xlarge" = 32 }
  db_memory_general   = { large = 8, xlarge = 16, "2xlarge" = 32, "4xlarge" = 64, "8xlarge" = 128, "12xlarge" = 192, "16xlarge" = 256 }
  db_memory_optimized = { large = 16, xlarge = 32, "2xlarge" = 64, "4xlarge" = 128, "8xlarge" = 256, "12xlarge" = 384, "16xlarge" = 512 }
  db_families = {
    t3  = local.db_memory_burstable
    t4g = local.db_memory_burstable
    m6g = local.db_memory_general
    m6i = local.db_memory_general
    m7g = local.db_memory_general
    m7i = local.db_memory_general
    r6g = local.db_memory_optimized
    r6i = local.db_memory_optimized
    r7g = local.db_memory_optimized
    r7i = local.db_memory_optimized
  }
  db_class_memory = merge([for family, sizes in local.db_families :
    { for size, gib in sizes : "db.${family}.${size}" => gib }
  ]...)

  # RDS's own default depends on the memory that the operating system leaves free: at most about 112 connections per
  # GiB, and known only when the instance runs. A fixed 80 per GiB lets a plan check the number of connections.
  db_max_connections = min(5000, 80 * lookup(local.db_class_memory, var.db_instance_class, 0))

  # During a roll-out the new and the old tasks run together.
  db_connections_needed = 2 * var.max_tasks * var.gunicorn_workers * var.gunicorn_threads + local.worker_connections + var.db_reserved_connections
  worker_connections    = var.worker_command == null ? 0 : 2 * var.worker_max_tasks * var.worker_db_connections

  # Until the maintenance window a new class only waits, and more tasks come at once.
  db_running_class       = try(one(values(data.aws_db_instance.running)).db_instance_class, var.db_instance_class)
  db_running_memory      = lookup(local.db_class_memory, local.db_running_class, local.db_class_memory[var.db_instance_class])
  db_running_connections = min(local.db_max_connections, 80 * local.db_running_memory)

  db_log_exports = ["postgresql", "upgrade"]
}

# The plural data source finds nothing without an error before the first apply.
data "aws_db_instances" "running" {
  count = var.db_apply_immediately ? 0 : 1

  filter {
    name   = "db-instance-id"
    values = [local.name]
  }
}

data "aws_db_instance" "running" {
  for_each = toset(flatten(data.aws_db_instances.running[*].instance_identifiers))

  db_instance_identifier = each.key
}

resource "aws_db_subnet_group" "main" {
  name        = local.name
  description = "Database subnets of ${local.name}: no route to the internet"
  subnet_ids  = [for subnet in aws_subnet.database : subnet.id]
}

resource "aws_db_parameter_group" "main" {
  # A major upgrade needs the new group beside the old one, so their names differ.
  name        = "${local.name}-postgres${local.db_major_version}"
  family      = "postgres${local.db_major_version}"
  description = "TLS only, bounded statements and idle transactions"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name         = "max_connections"
    value        = local.db_max_connections
    apply_method = "pending-reboot"
  }

  # These limits are for sessions such as psql. The service and the migrate task set their own.
  parameter {
    name  = "statement_timeout"
    value = "60000"
  }

  parameter {
    name  = "idle_in_transaction_session_timeout"
    value = "60000"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = local.db_connections_needed <= local.db_max_connections
      error_message = "2 x max_tasks (${var.max_tasks}) x gunicorn_workers (${var.gunicorn_workers}) x gunicorn_threads (${var.gunicorn_threads}) ${local.worker_connections == 0 ? "" : "+ the worker's ${local.worker_connections} "}+ db_reserved_connections (${var.db_reserved_connections}) = ${local.db_connections_needed} connections, and ${var.db_instance_class} has ${local.db_max_connections}. Set fewer tasks, workers or threads, or a larger class."
    }
    precondition {
      condition     = local.db_connections_needed <= local.db_running_connections || local.db_connections_needed > local.db_max_connections
      error_message = "The tasks need ${local.db_connections_needed} connections at once, and the database has ${local.db_running_connections} (${local.db_running_class}) until its maintenance window. Apply the larger class first, with db_apply_immediately = true, or wait with the tasks."
    }
  }
}

# RDS would create these log groups itself, without retention and key. It would also leave them behind.
resource "aws_cloudwatch_log_group" "database" {
  #checkov:skip=CKV_AWS_338:Retention is log_retention_days.
  for_each = toset(local.db_log_exports)

  name              = "/aws/rds/instance/${local.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# A second final snapshot of the same name would fail, so the name contains the time of the database's creation.
resource "terraform_data" "created" {
  input = formatdate("YYYYMMDDhhmmss", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_db_instance" "main" {
  #checkov:skip=CKV_AWS_157:Multi-AZ is db_multi_az (on in prod).
  #checkov:skip=CKV_AWS_161:The application uses a password over verified TLS; an IAM token would expire after 15 minutes.
  #checkov:skip=CKV_AWS_293:Deletion protection is deletion_protection (on in prod); dev must be destroyable.
  #checkov:skip=CKV2_AWS_69:TLS is enforced by rds.force_ssl in the parameter group, and verified by the client.
  identifier     = local.name
  engine         = "postgres"
  engine_version = var.db_engine_version
  instance_class = var.db_instance_class

  db_name             = local.db_name
  username            = local.db_username
  password_wo         = module.credentials.database_password
  password_wo_version = var.db_password_version

  storage_type          = "gp3"
  allocated_storage     = var.db_allocated_storage
  max_allocated_storage = var.db_max_allocated_storage
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.main.arn

  multi_az               = var.db_multi_az
  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  port                   = local.database_port
  parameter_group_name   = aws_db_parameter_group.main.name

  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = var.db_allow_major_version_upgrade
  maintenance_window          = "sun:04:30-sun:05:30"
  apply_immediately           = var.db_apply_immediately

  backup_window             = "03:00-04:00"
  backup_retention_period   = var.db_backup_retention_days
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.deletion_protection
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.db_final_snapshot
  final_snapshot_identifier = var.db_final_snapshot ? "${local.name}-final-${terraform_data.created.output}" : null

  enabled_cloudwatch_logs_exports = local.db_log_exports
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.main.arn
  # Seven days are free of charge.
  performance_insights_retention_period = 7
  monitoring_interval                   = var.db_monitoring_interval
  monitoring_role_arn                   = var.db_monitoring_interval > 0 ? aws_iam_role.rds_monitoring.arn : null

  lifecycle {
    precondition {
      condition     = !var.deletion_protection || (var.db_final_snapshot && var.db_backup_retention_days >= 7)
      error_message = "deletion_protection needs db_final_snapshot = true and db_backup_retention_days of at least 7."
    }
    precondition {
      condition     = !var.db_allow_major_version_upgrade || var.db_apply_immediately
      error_message = "db_allow_major_version_upgrade needs db_apply_immediately = true: until the maintenance window the database would keep the old parameter group, which Terraform then cannot delete."
    }
    precondition {
      condition     = var.db_max_allocated_storage == 0 || var.db_max_allocated_storage * 10 >= var.db_allocated_storage * 11
      error_message = "db_max_allocated_storage (${var.db_max_allocated_storage} GiB) must be 0 (no autoscaling) or at least 10 % above db_allocated_storage (${var.db_allocated_storage} GiB)."
    }
  }

  depends_on = [aws_cloudwatch_log_group.database, aws_iam_role_policy_attachment.rds_monitoring]
}
