# The service. The one-off task in migrate.tf shares its container's settings.

locals {
  container_name = "api"
  app_directory  = "/app"

  # A variable decides. Without one, what the deploy command wrote after its last apply stays.
  deployed_tags     = nonsensitive(zipmap([for name in data.aws_ssm_parameters_by_path.deployed_tags.names : basename(name)], data.aws_ssm_parameters_by_path.deployed_tags.values))
  deployed_image    = lookup(local.deployed_tags, "image_tag", null)
  image_tag         = var.service_enabled ? try(coalesce(var.image_tag, local.deployed_image), null) : null
  migrate_image_tag = try(coalesce(var.migrate_image_tag, var.image_tag, lookup(local.deployed_tags, "migrate_image_tag", null), local.deployed_image), "none")
  has_service       = local.image_tag != null
  has_migrate       = local.migrate_image_tag != "none"

  scheme  = local.https ? "https" : "http"
  domain  = try(local.domains[0], aws_lb.main.dns_name)
  url     = "${local.scheme}://${local.domain}"
  hosts   = concat([aws_lb.main.dns_name], local.domains)
  origins = [for host in local.hosts : "${local.scheme}://${host}"]

  # The longest time in seconds from a request's arrival to the first byte of its response.
  request_budget = var.gunicorn_queue_timeout + var.gunicorn_request_timeout

  environment_variables = merge(local.media_variables, {
    ALLOWED_HOSTS             = join(",", local.hosts)
    CSRF_TRUSTED_ORIGINS      = join(",", local.origins)
    HTTPS_ONLY                = tostring(local.https)
    NUM_PROXIES               = "1"
    PORT                      = tostring(local.api_port)
    WEB_CONCURRENCY           = tostring(var.gunicorn_workers)
    GUNICORN_THREADS          = tostring(var.gunicorn_threads)
    GUNICORN_KEEPALIVE        = tostring(var.gunicorn_keepalive)
    GUNICORN_GRACEFUL_TIMEOUT = tostring(var.gunicorn_graceful_timeout)
    DB_STATEMENT_TIMEOUT_MS   = tostring(var.db_statement_timeout_ms)
    LOG_FORMAT                = "json"
    LOG_LEVEL                 = var.log_level
    OTEL_SERVICE_NAME         = local.name
  })

  # Settings of the service alone.
  service_variables = merge(
    {
      ADMIN_ENABLED            = tostring(var.admin_enabled)
      GUNICORN_QUEUE_TIMEOUT   = tostring(var.gunicorn_queue_timeout)
      GUNICORN_REQUEST_TIMEOUT = tostring(var.gunicorn_request_timeout)
      METRICS                  = var.metrics
    },
    var.gunicorn_max_queued == null ? {} : { GUNICORN_MAX_QUEUED = tostring(var.gunicorn_max_queued) },
    var.max_streams == null ? {} : { MAX_STREAMS = tostring(var.max_streams) },
    var.rate_limit == null ? {} : { RATE_LIMIT = var.rate_limit },
    local.auth_variables,
    local.tracing_variables,
  )

  # Variables that extra_environment and extra_secrets must not set, also where their own option is off.
  own_variables = setunion(keys(local.environment_variables), keys(local.service_variables), [
    "APP_VERSION", "DATABASE_URL", "GUNICORN_MAX_QUEUED", "MAX_STREAMS", "MEDIA_BUCKET", "MIGRATE_DATABASE_URL",
    "MIGRATE_LOCK_TIMEOUT_MS", "MIGRATE_WAIT_SECONDS", "NEXT_DATABASE_URL", "OIDC_AUDIENCE", "OIDC_ISSUER", "RATE_LIMIT", "SECRET_KEY",
  ])

  secrets = {
    DATABASE_URL = aws_secretsmanager_secret.service_database_url[local.service_role].arn
    SECRET_KEY   = module.credentials.secret_key_arn
  }

  # A running task keeps its old secrets. A new number here makes a new revision, and so a roll-out.
  credential_labels = {
    "credentials.database-password" = tostring(var.service_password_version)
    "credentials.secret-key"        = tostring(var.secret_key_version)
  }

  # Settings of every container. The migrate task has another image and more secrets.
  container = {
    image                  = "${aws_ecr_repository.api.repository_url}:${coalesce(local.image_tag, "none")}"
    secrets                = [for name, arn in merge(var.extra_secrets, local.secrets) : { name = name, valueFrom = arn }]
    portMappings           = []
    essential              = true
    user                   = "10001:10001"
    privileged             = false
    readonlyRootFilesystem = var.readonly_root_filesystem
    stopTimeout            = var.stop_timeout
    linuxParameters        = { initProcessEnabled = true }
    ulimits                = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
  }

  # In non-blocking mode a slow log service loses log lines instead of delaying requests.
  log_options = {
    awslogs-group   = aws_cloudwatch_log_group.app.name
    awslogs-region  = var.region
    mode            = "non-blocking"
    max-buffer-size = "4m"
  }
}

# Before the first deploy it finds nothing, without an error.
data "aws_ssm_parameters_by_path" "deployed_tags" {
  path = "/${var.name}/${var.environment}/deploy/tags"
}

resource "aws_ecs_task_definition" "api" {
  count = local.has_service ? 1 : 0

  family                   = "${local.name}-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  # The circuit breaker rolls back to an old revision, so old revisions must stay active.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # The only writable path. The image declares /tmp as a volume, so the container's user owns it.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode(concat([merge(local.container, {
    name         = local.container_name
    portMappings = [{ name = "http", containerPort = local.api_port, hostPort = local.api_port, protocol = "tcp" }]
    # Clients of a public load balancer must not choose what is traced. extra_environment may let them.
    environment = [for name, value in merge({ OTEL_PROPAGATORS = "none" }, var.extra_environment, local.environment_variables, local.service_variables, { APP_VERSION = local.image_tag }) :
      { name = name, value = value }
    ]
    dockerLabels = local.credential_labels
    healthCheck = {
      command     = ["CMD", "python", "-I", "-S", "${local.app_directory}/itemsvc/http/healthcheck.py"]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { awslogs-stream-prefix = "api" }) }
  })], local.collector_containers))
}

resource "aws_ecs_service" "api" {
  #checkov:skip=CKV_AWS_332:AWS patches LATEST; a fixed version would miss the fixes.
  count = local.has_service ? 1 : 0

  name            = "${local.name}-api"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.api[0].arn
  desired_count   = var.min_tasks

  # A change between capacity providers and a launch type would replace the service, so it always uses the former.
  force_new_deployment = true

  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = var.min_tasks
    weight            = var.use_spot ? 0 : 1
  }

  dynamic "capacity_provider_strategy" {
    for_each = var.use_spot ? [1] : []

    content {
      capacity_provider = "FARGATE_SPOT"
      weight            = 1
    }
  }

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = "ENABLED"
  health_check_grace_period_seconds  = 60
  enable_execute_command             = var.enable_execute_command
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  # The deploy command follows the deployment itself, because ECS also calls a rolled-back service steady.
  wait_for_steady_state = false

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = [for subnet in aws_subnet.private : subnet.id]
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.api.arn
    container_name   = local.container_name
    container_port   = local.api_port
  }

  lifecycle {
    # Autoscaling sets it after the first apply.
    ignore_changes = [desired_count]
  }

  depends_on = [
    aws_lb_listener.http,
    aws_lb_listener.https,
    aws_ecs_cluster_capacity_providers.main,
    aws_iam_role_policy.execution,
    aws_secretsmanager_secret_version.service_database_url,
    aws_route.nat,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.to_database,
    aws_vpc_security_group_egress_rule.to_aws,
    aws_vpc_security_group_egress_rule.to_endpoints,
    aws_vpc_security_group_egress_rule.to_s3,
    aws_vpc_security_group_egress_rule.extra,
    aws_iam_role_policy.application,
    aws_iam_role_policy.media,
  ]
}
