# A team's own scheduled commands.

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
