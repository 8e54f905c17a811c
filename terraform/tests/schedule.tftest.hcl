# The scheduled commands: the service's own, and a team's.

override_resource {
  target          = aws_sqs_queue.schedules
  override_during = plan
  values          = { arn = "arn:aws:sqs:us-east-1:123456789012:itemsvc-dev-schedules" }
}

override_resource {
  target          = aws_ecr_repository.api
  override_during = plan
  values = {
    arn            = "arn:aws:ecr:us-east-1:123456789012:repository/itemsvc-dev"
    repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev"
  }
}

override_resource {
  target          = aws_ecs_cluster.main
  override_during = plan
  values          = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/itemsvc-dev" }
}

override_resource {
  target          = aws_iam_role.execution
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-execution" }
}

override_resource {
  target          = aws_iam_role.migrate
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-migrate" }
}

override_resource {
  target          = aws_lb.main
  override_during = plan
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/itemsvc-dev/0123456789abcdef"
    arn_suffix = "app/itemsvc-dev/0123456789abcdef"
    dns_name   = "itemsvc-dev-1.us-east-1.elb.amazonaws.com"
  }
}

override_resource {
  target          = aws_secretsmanager_secret.service_database_url
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf" }
}

override_resource {
  target          = module.credentials.aws_secretsmanager_secret.secret_key
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf" }
}

variables {
  image_tag = "3f2a9c1d7e5b"
}

run "of_the_service_itself" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.command["expire-idempotency-keys"].schedule_expression == "cron(0 3 * * ? *)" && jsondecode(aws_scheduler_schedule.command["expire-idempotency-keys"].target[0].input).containerOverrides[0] == { name = "migrate", command = ["python", "manage.py", "expire_idempotency_keys"] }
    error_message = "A task must delete expired idempotency keys every night."
  }

  assert {
    condition     = { for name, schedule in aws_scheduler_schedule.command : name => schedule.flexible_time_window[0].maximum_window_in_minutes } == { expire-idempotency-keys = 60, expire-rate-limits = 60 }
    error_message = "There must be two schedules, each with a window of an hour."
  }

  assert {
    condition     = endswith(aws_scheduler_schedule.command["expire-idempotency-keys"].target[0].ecs_parameters[0].task_definition_arn, ":task-definition/itemsvc-dev-command")
    error_message = "The schedule must start the newest revision of the scheduled commands."
  }
}

run "with_the_revision_that_serves" {
  command = plan

  variables {
    migrate_image_tag = "aaaaaaaaaaaa"
  }

  assert {
    condition = [for container in jsondecode(aws_ecs_task_definition.command[0].container_definitions) : [container.name, container.image, [for secret in container.secrets : secret.name]]] == [
      ["migrate", "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev:3f2a9c1d7e5b", ["DATABASE_URL", "SECRET_KEY"]]
    ]
    error_message = "A scheduled command must run the image that serves, also while a newer one migrates, and without the schema owner's password."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.command : endswith(schedule.target[0].ecs_parameters[0].task_definition_arn, ":task-definition/itemsvc-dev-command")]) && aws_ecs_task_definition.command[0].family == "itemsvc-dev-command"
    error_message = "The schedules must start that family."
  }
}

run "that_fail" {
  command = plan

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.command : schedule.target[0].dead_letter_config[0].arn == "arn:aws:sqs:us-east-1:123456789012:itemsvc-dev-schedules"])
    error_message = "What could not be started must be kept."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.schedule.policy).Statement : statement.Resource if statement.Action == "sqs:SendMessage"] == ["arn:aws:sqs:us-east-1:123456789012:itemsvc-dev-schedules"]
    error_message = "The schedules' role must be able to keep it."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.schedules.metric_name == "ApproximateNumberOfMessagesVisible" && aws_cloudwatch_metric_alarm.schedules.dimensions == tomap({ QueueName = "itemsvc-dev-schedules" })
    error_message = "An alarm must say so."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.command_failed.event_pattern).detail == {
      clusterArn = ["arn:aws:ecs:us-east-1:123456789012:cluster/itemsvc-dev"]
      group      = ["family:itemsvc-dev-command"]
      lastStatus = ["STOPPED"]
      "$or"      = [{ containers = { exitCode = [{ "anything-but" = 0 }] } }, { stopCode = ["TaskFailedToStart"] }]
    }
    error_message = "A command that ends with another exit code, or never starts, must be mailed."
  }
}

# EventBridge Scheduler takes descriptions of up to 512 characters.
run "with_a_long_command" {
  command = plan

  variables {
    scheduled_commands = { import = { schedule = "rate(1 hour)", command = ["python", "manage.py", "import", join(",", range(1000, 1200))] } }
  }

  assert {
    condition     = length(aws_scheduler_schedule.command["import"].description) == 512 && startswith(aws_scheduler_schedule.command["import"].description, "python manage.py import 1000,1001")
    error_message = "A description must be as much of the command as AWS takes."
  }
}

run "beside_the_services_own" {
  command = plan

  variables {
    scheduled_commands = {
      send-reminders     = { schedule = "cron(0 6 * * ? *)", command = ["python", "manage.py", "send_reminders", "--all"] }
      collect            = { schedule = "rate(5 minutes)", command = ["python", "manage.py", "collect"], window_minutes = 2 }
      expire-rate-limits = { schedule = "rate(1 hour)", command = ["python", "manage.py", "expire_rate_limits"] }
    }
  }

  assert {
    condition = { for name, schedule in aws_scheduler_schedule.command : name => schedule.schedule_expression } == {
      collect                 = "rate(5 minutes)"
      expire-idempotency-keys = "cron(0 3 * * ? *)"
      expire-rate-limits      = "rate(1 hour)"
      send-reminders          = "cron(0 6 * * ? *)"
    }
    error_message = "A team's commands must be added to the service's own. One of the same name must replace it."
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.command["send-reminders"].target[0].input).containerOverrides == [{ name = "migrate", command = ["python", "manage.py", "send_reminders", "--all"] }]
    error_message = "The task must run the command unchanged."
  }

  assert {
    condition = { for name, schedule in aws_scheduler_schedule.command : name => schedule.flexible_time_window[0].mode } == {
      collect                 = "FLEXIBLE"
      expire-idempotency-keys = "FLEXIBLE"
      expire-rate-limits      = "OFF"
      send-reminders          = "OFF"
    }
    error_message = "Without a window, the command must start on time."
  }

  assert {
    condition     = aws_scheduler_schedule.command["collect"].flexible_time_window[0].maximum_window_in_minutes == 2
    error_message = "The window must have the given length."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.command : schedule.group_name == "itemsvc-dev"]) && aws_scheduler_schedule_group.main.name == "itemsvc-dev"
    error_message = "Every schedule must be in the environment's group, because their role trusts only that group."
  }
}

run "refused_names" {
  command = plan

  variables {
    scheduled_commands = { "Send reminders" = { schedule = "rate(1 hour)", command = ["python"] } }
  }

  expect_failures = [var.scheduled_commands]
}

run "refused_schedules" {
  command = plan

  variables {
    scheduled_commands = { remind = { schedule = "0 6 * * *", command = ["python"] } }
  }

  expect_failures = [var.scheduled_commands]
}

run "refused_commands" {
  command = plan

  variables {
    scheduled_commands = { remind = { schedule = "rate(1 hour)", command = [] } }
  }

  expect_failures = [var.scheduled_commands]
}

run "refused_windows" {
  command = plan

  variables {
    scheduled_commands = { remind = { schedule = "rate(1 hour)", command = ["python"], window_minutes = 1441 } }
  }

  expect_failures = [var.scheduled_commands]
}
