locals {
  ecs_services = concat(["api"], var.worker_command == null ? [] : ["worker"])
  service_ids  = [for service in local.ecs_services : "${local.arn_prefix.ecs}:service/${local.name}/${local.name}-${service}"]
  cluster_id   = "${local.arn_prefix.ecs}:cluster/${local.name}"

  insights_log_group = "/aws/ecs/containerinsights/${local.name}/performance"
}

resource "aws_ecs_cluster" "main" {
  name = local.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  depends_on = [aws_cloudwatch_log_group.insights]

  lifecycle {
    precondition {
      condition     = var.gunicorn_graceful_timeout < var.stop_timeout
      error_message = "gunicorn_graceful_timeout (${var.gunicorn_graceful_timeout} s) must be below stop_timeout (${var.stop_timeout} s): otherwise ECS kills a task while gunicorn still finishes requests."
    }
    precondition {
      condition     = local.request_budget < var.gunicorn_graceful_timeout
      error_message = "gunicorn_queue_timeout + gunicorn_request_timeout (${local.request_budget} s) must be below gunicorn_graceful_timeout (${var.gunicorn_graceful_timeout} s): otherwise a stopping task cannot finish its slowest request."
    }
    precondition {
      condition     = var.db_statement_timeout_ms < var.gunicorn_request_timeout * 1000
      error_message = "db_statement_timeout_ms (${var.db_statement_timeout_ms}) must be below gunicorn_request_timeout (${var.gunicorn_request_timeout} s): otherwise a slow statement loses its connection before PostgreSQL can end the statement."
    }
    precondition {
      condition     = var.oidc_issuer == null || var.nat != "none"
      error_message = "oidc_issuer needs nat to be single or per_az: without internet access the tasks cannot fetch the issuer's keys."
    }
    precondition {
      condition     = !var.enable_tracing || var.nat != "none" || can(regex("^[0-9]{12}\\.dkr\\.ecr\\.${var.region}\\.", var.collector_image))
      error_message = "enable_tracing with nat = none needs a copy of the collector in a private ECR repository of the region (collector_image): public.ecr.aws has no VPC endpoint, and no task starts without its image."
    }
    precondition {
      condition     = !(var.enable_execute_command && var.readonly_root_filesystem)
      error_message = "enable_execute_command needs readonly_root_filesystem = false: the agent of ECS Exec writes to the root file system."
    }
    precondition {
      condition     = var.gunicorn_workers * 128 + local.collector_memory <= var.task_memory
      error_message = "gunicorn_workers (${var.gunicorn_workers}) need about 128 MiB each and the collector of enable_tracing ${local.collector_memory} MiB, and the task has ${var.task_memory}. Set fewer workers or more task_memory."
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "main" {
  cluster_name       = aws_ecs_cluster.main.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

# A Fargate task cannot start without its log group.
resource "aws_cloudwatch_log_group" "app" {
  #checkov:skip=CKV_AWS_338:Retention is log_retention_days.
  name              = "/${var.name}/${var.environment}/app"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# Container Insights would create this log group itself and leave it behind.
resource "aws_cloudwatch_log_group" "insights" {
  #checkov:skip=CKV_AWS_338:CloudWatch makes metrics of these events at once; a day is Container Insights' own retention.
  name              = local.insights_log_group
  retention_in_days = 1
  kms_key_id        = aws_kms_key.main.arn
}

# Its last events can come after a destroy, and make the log group again. Then a new environment takes it over.
data "aws_cloudwatch_log_groups" "insights" {
  log_group_name_prefix = local.insights_log_group
}

import {
  for_each = data.aws_cloudwatch_log_groups.insights.log_group_names
  to       = aws_cloudwatch_log_group.insights
  id       = each.key
}
