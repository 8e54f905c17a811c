# One-off tasks that run on a schedule.

locals {
  # cron is in UTC; each starts somewhere in the hour that follows.
  housekeeping = {
    expire-idempotency-keys = { schedule = "cron(0 3 * * ? *)", command = ["python", "manage.py", "expire_idempotency_keys"], window_minutes = 60 }
    expire-rate-limits      = { schedule = "cron(0 4 * * ? *)", command = ["python", "manage.py", "expire_rate_limits"], window_minutes = 60 }
  }

  scheduled_commands = merge(local.housekeeping, var.scheduled_commands)

  schedule_group_arn = "${local.arn_prefix.scheduler}:schedule-group/${local.name}"
}

# A role's trust policy can name a group of schedules, but no single schedule (EventBridge Scheduler user guide, "Confused
# deputy prevention"). So each environment has a group.
resource "aws_scheduler_schedule_group" "main" {
  name = local.name
}

resource "aws_scheduler_schedule" "command" {
  #checkov:skip=CKV_AWS_297:A schedule holds the name of a task definition and a command, no secret.
  for_each = local.scheduled_commands

  name                = "${local.name}-${each.key}"
  group_name          = aws_scheduler_schedule_group.main.name
  description         = join(" ", each.value.command)
  schedule_expression = each.value.schedule

  flexible_time_window {
    mode                      = each.value.window_minutes > 0 ? "FLEXIBLE" : "OFF"
    maximum_window_in_minutes = each.value.window_minutes > 0 ? each.value.window_minutes : null
  }

  target {
    arn      = aws_ecs_cluster.main.arn
    role_arn = aws_iam_role.schedule.arn

    # Without a revision number, ECS runs the newest one. So no deploy has to change the schedule.
    ecs_parameters {
      task_definition_arn = local.migrate_family
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
  }
}

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
        Resource  = [local.migrate_family, "${local.migrate_family}:*"]
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.main.arn } }
      },
      {
        Sid       = "GiveTasksTheirRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [aws_iam_role.execution.arn, aws_iam_role.migrate.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
    ]
  })
}
