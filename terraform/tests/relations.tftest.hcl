# Relations between variables. Each must hold at its limit and fail one step beyond it.

variables {
  image_tag = "3f2a9c1d7e5b"
}

run "everything_at_its_limit" {
  command = plan

  variables {
    alb_idle_timeout          = 60
    gunicorn_keepalive        = 61
    gunicorn_graceful_timeout = 59
    gunicorn_queue_timeout    = 7
    gunicorn_request_timeout  = 51
    deregistration_delay      = 59
    stop_timeout              = 60
    db_statement_timeout_ms   = 50999
    gunicorn_workers          = 4
    gunicorn_threads          = 2
    max_tasks                 = 3
    db_reserved_connections   = 32
    db_allocated_storage      = 20
    db_max_allocated_storage  = 22
    deletion_protection       = true
    db_final_snapshot         = true
    db_backup_retention_days  = 7
  }

  assert {
    condition     = output.db_connection_budget.needed == 80 && output.db_connection_budget.max == 80
    error_message = "2 x 3 x 4 x 2 + 32 must be the number of connections of a db.t4g.micro."
  }
}

run "keepalive_over_idle_timeout" {
  command = plan

  variables {
    gunicorn_keepalive = 60
  }

  expect_failures = [aws_lb.main]
}

run "request_under_idle_timeout" {
  command = plan

  variables {
    gunicorn_request_timeout  = 55 # 5 + 55 = 60
    gunicorn_graceful_timeout = 90
    deregistration_delay      = 90
    stop_timeout              = 120
  }

  expect_failures = [aws_lb.main]
}

run "request_under_deregistration" {
  command = plan

  variables {
    deregistration_delay = 25 # 5 + 20
  }

  expect_failures = [aws_lb_target_group.api]
}

run "deregistration_under_stop_timeout" {
  command = plan

  variables {
    deregistration_delay = 60
  }

  expect_failures = [aws_lb_target_group.api]
}

run "graceful_under_stop_timeout" {
  command = plan

  variables {
    gunicorn_graceful_timeout = 60
  }

  expect_failures = [aws_ecs_cluster.main]
}

run "request_under_graceful_timeout" {
  command = plan

  variables {
    gunicorn_queue_timeout = 10 # 10 + 20 = 30
    deregistration_delay   = 31
  }

  expect_failures = [aws_ecs_cluster.main]
}

run "statement_under_request_timeout" {
  command = plan

  variables {
    db_statement_timeout_ms = 20000
  }

  expect_failures = [aws_ecs_cluster.main]
}

run "exec_excludes_readonly_root" {
  command = plan

  variables {
    enable_execute_command = true
  }

  expect_failures = [aws_ecs_cluster.main]
}

run "memory_for_the_workers" {
  command = plan

  variables {
    gunicorn_workers = 5
    gunicorn_threads = 1
  }

  expect_failures = [aws_ecs_cluster.main]
}

run "connection_budget_tasks" {
  command = plan

  variables {
    max_tasks = 8 # 2 x 8 x 1 x 4 + 20 = 84 > 80
  }

  expect_failures = [aws_db_parameter_group.main]
}

run "connection_budget_reserve" {
  command = plan

  variables {
    db_reserved_connections = 57 # 24 + 57 = 81 > 80
  }

  expect_failures = [aws_db_parameter_group.main]
}

run "connection_budget_grows_with_the_class" {
  command = plan

  variables {
    max_tasks         = 17 # 2 x 17 x 1 x 4 + 20 = 156 <= 160
    db_instance_class = "db.t4g.small"
  }

  assert {
    condition     = output.db_connection_budget.max == 160
    error_message = "Twice the memory must give twice the connections."
  }
}

run "protection_needs_a_final_snapshot" {
  command = plan

  variables {
    deletion_protection = true
  }

  expect_failures = [aws_db_instance.main]
}

run "protection_needs_backups" {
  command = plan

  variables {
    deletion_protection      = true
    db_final_snapshot        = true
    db_backup_retention_days = 6
  }

  expect_failures = [aws_db_instance.main]
}

run "a_major_upgrade" {
  command = plan

  variables {
    db_engine_version              = "19"
    db_allow_major_version_upgrade = true
  }

  assert {
    condition     = aws_db_instance.main.engine_version == "19" && aws_db_instance.main.allow_major_version_upgrade && aws_db_instance.main.parameter_group_name == "itemsvc-dev-postgres19" && aws_db_parameter_group.main.family == "postgres19"
    error_message = "RDS must be allowed to upgrade, with a parameter group of the new version beside the old one."
  }
}

run "a_major_upgrade_that_waits" {
  command = plan

  variables {
    db_engine_version              = "19"
    db_allow_major_version_upgrade = true
    db_apply_immediately           = false
  }

  expect_failures = [aws_db_instance.main]
}

run "storage_grows_by_a_tenth" {
  command = plan

  variables {
    db_max_allocated_storage = 21
  }

  expect_failures = [aws_db_instance.main]
}

run "storage_may_stay" {
  command = plan

  variables {
    db_max_allocated_storage = 0
  }
}

run "environment_fits_the_workspace" {
  command = plan

  variables {
    environment = "prod"
  }

  expect_failures = [terraform_data.environment, check.https_in_production]
}

run "deploy_role_needs_remote_state" {
  command = plan

  variables {
    github_repository = "example/itemsvc"
  }

  expect_failures = [terraform_data.environment]
}

run "an_issuer_that_no_task_can_reach" {
  command = plan

  variables {
    nat           = "none"
    oidc_issuer   = "https://login.example.com"
    oidc_audience = "items"
  }

  expect_failures = [aws_ecs_cluster.main]
}

run "a_user_pool_that_no_task_can_reach" {
  command = plan

  variables {
    nat              = "none"
    create_user_pool = true
  }

  expect_failures = [aws_cognito_user_pool.main]
}

run "a_collector_that_no_task_can_pull" {
  command = plan

  variables {
    nat            = "none"
    enable_tracing = true
    task_memory    = 1024
  }

  expect_failures = [aws_ecs_cluster.main]
}

run "room_for_the_collector" {
  command = plan

  variables {
    enable_tracing   = true
    gunicorn_workers = 3
    gunicorn_threads = 1
  }

  expect_failures = [aws_ecs_cluster.main]
}
