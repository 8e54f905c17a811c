# A database that runs with a smaller class than the variables ask for, until its maintenance window.

override_data {
  target = data.aws_db_instances.running
  values = { instance_identifiers = ["itemsvc-dev"] }
}

override_data {
  target = data.aws_db_instance.running
  values = { db_instance_class = "db.t4g.micro" }
}

variables {
  db_instance_class    = "db.t4g.small"
  db_apply_immediately = false
}

run "more_tasks_than_the_running_class_has_connections_for" {
  command = plan

  variables {
    max_tasks = 8 # 2 x 8 x 1 x 4 + 20 = 84 > 80
  }

  expect_failures = [aws_db_parameter_group.main]
}

run "as_many_tasks_as_before" {
  command = plan

  variables {
    max_tasks = 7
  }
}

run "at_once" {
  command = plan

  variables {
    max_tasks            = 8
    db_apply_immediately = true
  }
}
