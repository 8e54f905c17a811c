# The one-off task. It runs the migrations, or another command that overrides its own.

locals {
  migrate_container_name = "migrate"
  migrate_subnet_ids     = [for subnet in aws_subnet.private : subnet.id]

  # One-off tasks serve nothing, so they have no port and no health check.
  one_off_container = merge(local.container, {
    name             = local.migrate_container_name
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { awslogs-stream-prefix = "migrate" }) }
  })
  one_off_variables = merge(var.extra_environment, local.environment_variables, local.one_off_timeout, {
    MIGRATE_LOCK_TIMEOUT_MS = tostring(var.migrate_lock_timeout_ms)
    MIGRATE_WAIT_SECONDS    = tostring(var.migrate_wait_seconds)
  })
  # With DB_LIMITS=role, migrate sets the limits of the service's role, so it needs those of the service.
  limits_by_role  = lookup(var.extra_environment, "DB_LIMITS", "connection") == "role"
  one_off_timeout = local.limits_by_role ? {} : { DB_STATEMENT_TIMEOUT_MS = tostring(var.migrate_statement_timeout_ms) }

  # The options work in versions 1 and 2 of the AWS CLI.
  migrate_command = !local.has_migrate ? null : join(" ", [
    "aws ecs run-task",
    "--region ${var.region}",
    "--cluster ${aws_ecs_cluster.main.name}",
    "--task-definition ${aws_ecs_task_definition.migrate[0].arn}",
    "--launch-type FARGATE",
    "--network-configuration 'awsvpcConfiguration={subnets=[${join(",", local.migrate_subnet_ids)}],securityGroups=[${aws_security_group.migrate.id}],assignPublicIp=DISABLED}'",
  ])
}

resource "aws_ecs_task_definition" "migrate" {
  count = local.has_migrate ? 1 : 0

  family                   = "${local.name}-migrate"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.migrate.arn
  skip_destroy             = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(local.one_off_container, {
    image       = "${aws_ecr_repository.api.repository_url}:${local.migrate_image_tag}"
    command     = ["python", "manage.py", "migrate", "--noinput"]
    environment = [for name, value in merge(local.one_off_variables, { APP_VERSION = local.migrate_image_tag }) : { name = name, value = value }]
    # Only migrate uses the owner's URL. Other commands use the service's database role.
    secrets = [for name, arn in merge(var.extra_secrets, local.secrets, {
      MIGRATE_DATABASE_URL = aws_secretsmanager_secret.database_url.arn
      NEXT_DATABASE_URL    = aws_secretsmanager_secret.service_database_url[local.next_role].arn
    }) : { name = name, valueFrom = arn }]
  })])

  depends_on = [
    aws_secretsmanager_secret_version.database_url,
    aws_secretsmanager_secret_version.service_database_url,
    aws_iam_role_policy.execution,
  ]
}
