# One-off tasks that run on a schedule.

locals {
  # cron is in UTC; each starts somewhere in the hour that follows.
  housekeeping = {
    expire-idempotency-keys = { schedule = "cron(0 3 * * ? *)", command = ["python", "manage.py", "expire_idempotency_keys"], window_minutes = 60 }
    expire-rate-limits      = { schedule = "cron(0 4 * * ? *)", command = ["python", "manage.py", "expire_rate_limits"], window_minutes = 60 }
  }

  scheduled_commands = merge(local.housekeeping, var.scheduled_commands)

  # cron has six fields, and ? for the day or the weekday (EventBridge Scheduler user guide, "Schedule types").
  schedule_expression = "^(rate\\([1-9][0-9]* (minute|hour|day)s?\\)|cron\\([^\\s()]+ [^\\s()]+ (\\? [^\\s()]+ [^\\s()]+|[^\\s()]+ [^\\s()]+ \\?) [^\\s()]+\\))$"

  # Without a revision number, ECS runs the newest one. So no deploy has to change the schedules.
  command_family     = "${local.arn_prefix.ecs}:task-definition/${local.name}-command"
  schedule_group_arn = "${local.arn_prefix.scheduler}:schedule-group/${local.name}"
}

# A role's trust policy can name a group of schedules, but no single schedule (EventBridge Scheduler user guide, "Confused
# deputy prevention"). So each environment has a group.
resource "aws_scheduler_schedule_group" "main" {
  name = local.name
}

resource "aws_scheduler_schedule" "command" {
  #checkov:skip=CKV_AWS_297:A schedule holds the name of a task definition and a command, no secret.
  # Without an image each run would fail. Without the service nothing runs.
  for_each = local.has_service ? local.scheduled_commands : {}

  name                = "${local.name}-${each.key}"
  group_name          = aws_scheduler_schedule_group.main.name
  description         = substr(join(" ", each.value.command), 0, 512) # the API's limit
  schedule_expression = each.value.schedule

  flexible_time_window {
    mode                      = each.value.window_minutes > 0 ? "FLEXIBLE" : "OFF"
    maximum_window_in_minutes = each.value.window_minutes > 0 ? each.value.window_minutes : null
  }

  target {
    arn      = aws_ecs_cluster.main.arn
    role_arn = aws_iam_role.schedule.arn

    ecs_parameters {
      task_definition_arn = local.command_family
      launch_type         = "FARGATE"

      network_configuration {
        subnets          = local.migrate_subnet_ids
        security_groups  = [aws_security_group.migrate.id]
        assign_public_ip = false
      }
    }

    input = jsonencode({ containerOverrides = [{ name = local.migrate_container_name, command = each.value.command }] })

    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 3600
    }

    dead_letter_config {
      arn = aws_sqs_queue.schedules.arn
    }
  }

  depends_on = [aws_ecs_task_definition.command]
}

# The scheduled commands have their own family, with the image that serves. The migrate task's newest revision may be one
# whose migration failed. It also holds the schema owner's password.
resource "aws_ecs_task_definition" "command" {
  count = local.has_service ? 1 : 0

  family                   = "${local.name}-command"
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
    command     = ["python", "manage.py", "status"]
    environment = [for name, value in merge(local.one_off_variables, { APP_VERSION = local.image_tag }) : { name = name, value = value }]
  })])
}

# --- commands that fail ---------------------------------------------------------------------------------------------

# Commands that could not be started, after all attempts.
resource "aws_sqs_queue" "schedules" {
  name                      = "${local.name}-schedules"
  message_retention_seconds = 1209600 # 14 days, the longest
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_metric_alarm" "schedules" {
  alarm_name          = "${local.name}-schedules"
  alarm_description   = "A scheduled command could not be started: its message is in the queue ${local.name}-schedules"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.schedules.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_event_rule" "command_failed" {
  name        = "${local.name}-command-failed"
  description = "A scheduled command of ${local.name} did not end with exit code 0"

  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Task State Change"]
    detail = {
      clusterArn = [local.cluster_id]
      group      = ["family:${local.name}-command"]
      lastStatus = ["STOPPED"]
      # A task that never started has no exit code.
      "$or" = [
        { containers = { exitCode = [{ "anything-but" = 0 }] } },
        { stopCode = ["TaskFailedToStart"] },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "command_failed" {
  rule      = aws_cloudwatch_event_rule.command_failed.name
  target_id = "alarms"
  arn       = aws_sns_topic.alarms.arn

  input_transformer {
    input_paths = {
      reason = "$.detail.stoppedReason"
      task   = "$.detail.taskArn"
      time   = "$.time"
    }
    input_template = "\"${local.name}: scheduled command failed at <time>: <reason> (<task>)\""
  }
}

# --- the schedules' role --------------------------------------------------------------------------------------------

resource "aws_iam_role" "schedule" {
  name               = "${local.name}-schedule"
  description        = "Starts the scheduled commands of ${local.name}"
  assume_role_policy = local.assume.scheduler
}

resource "aws_iam_role_policy" "schedule" {
  name = "run-commands"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RunOneOffTasks"
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = [local.command_family, "${local.command_family}:*"]
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.main.arn } }
      },
      {
        Sid       = "GiveTasksTheirRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [aws_iam_role.execution.arn, aws_iam_role.migrate.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "KeepWhatFailed"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.schedules.arn
      },
    ]
  })
}
