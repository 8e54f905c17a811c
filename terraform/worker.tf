# The worker (optional): a second service on the same image, which runs a command of the team's and serves nobody. A deploy
# replaces it in the same apply as the service, so after the same migration.

locals {
  has_worker            = local.has_service && var.worker_command != null
  worker_container_name = "worker"
  worker_variables      = merge(var.extra_environment, local.environment_variables, var.worker_environment)
  worker_dimensions     = { ClusterName = local.name, ServiceName = "${local.name}-worker" }
}

resource "aws_ecs_task_definition" "worker" {
  count = local.has_worker ? 1 : 0

  family                   = "${local.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = coalesce(var.worker_cpu, var.task_cpu)
  memory                   = coalesce(var.worker_memory, var.task_memory)
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  skip_destroy             = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(local.container, {
    name         = local.worker_container_name
    command      = var.worker_command
    environment  = [for name, value in merge(local.worker_variables, { APP_VERSION = local.image_tag }) : { name = name, value = value }]
    dockerLabels = local.credential_labels
    # It gets SIGTERM and this time to finish what it has begun.
    stopTimeout      = var.worker_stop_timeout
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { awslogs-stream-prefix = "worker" }) }
  })])
}

resource "aws_ecs_service" "worker" {
  #checkov:skip=CKV_AWS_332:AWS patches LATEST; a fixed version would miss the fixes.
  count = local.has_worker ? 1 : 0

  name            = "${local.name}-worker"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.worker[0].arn
  desired_count   = var.worker_min_tasks

  force_new_deployment = true

  capacity_provider_strategy {
    capacity_provider = var.use_spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  enable_execute_command             = var.enable_execute_command
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  wait_for_steady_state              = false

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = [for subnet in aws_subnet.private : subnet.id]
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }

  lifecycle {
    # Autoscaling sets it after the first apply.
    ignore_changes = [desired_count]
  }

  # The service waits for all that its tasks need.
  depends_on = [aws_ecs_service.api]
}

resource "aws_appautoscaling_target" "worker" {
  count = local.has_worker ? 1 : 0

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.worker[0].name}"
  min_capacity       = var.worker_min_tasks
  max_capacity       = var.worker_max_tasks
}

resource "aws_appautoscaling_policy" "worker" {
  count = local.has_worker ? 1 : 0

  name               = "${local.name}-worker-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.worker[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.worker[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.worker[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target
    scale_out_cooldown = local.scale_out_cooldown
    scale_in_cooldown  = local.scale_in_cooldown

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
