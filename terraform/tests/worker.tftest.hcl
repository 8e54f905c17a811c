# The optional worker.

override_resource {
  target          = aws_ecr_repository.api
  override_during = plan
  values = {
    arn            = "arn:aws:ecr:us-east-1:123456789012:repository/itemsvc-dev"
    repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev"
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

override_resource {
  target          = aws_lb.main
  override_during = plan
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/itemsvc-dev/0123456789abcdef"
    arn_suffix = "app/itemsvc-dev/0123456789abcdef"
    dns_name   = "itemsvc-dev-1.us-east-1.elb.amazonaws.com"
  }
}

variables {
  image_tag           = "3f2a9c1d7e5b"
  worker_command      = ["python", "manage.py", "work"]
  worker_environment  = { DB_STATEMENT_TIMEOUT_MS = "60000" }
  worker_memory       = 1024
  worker_max_tasks    = 2
  worker_stop_timeout = 90
  extra_environment   = { QUEUE = "orders" }
}

run "off_by_default" {
  command = plan

  variables {
    worker_command = null
  }

  assert {
    condition     = length(aws_ecs_service.worker) == 0 && length(aws_ecs_task_definition.worker) == 0 && length(aws_appautoscaling_target.worker) == 0
    error_message = "Without worker_command there must be no worker."
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.running_below_desired) == ["running"] && !contains(keys(aws_cloudwatch_metric_alarm.metric), "worker-memory")
    error_message = "Without a worker there must be no alarm for it."
  }
}

run "with_the_image_of_the_service" {
  command = plan

  assert {
    condition = [for container in jsondecode(aws_ecs_task_definition.worker[0].container_definitions) : {
      image   = container.image
      command = container.command
      ports   = container.portMappings
      stop    = container.stopTimeout
      log     = container.logConfiguration.options["awslogs-stream-prefix"]
      secrets = [for secret in container.secrets : secret.name]
      }] == [{
      image   = "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev:3f2a9c1d7e5b"
      command = ["python", "manage.py", "work"]
      ports   = []
      stop    = 90
      log     = "worker"
      secrets = ["DATABASE_URL", "SECRET_KEY"]
    }]
    error_message = "The worker must run its command on the service's image, with the service's secrets, a log prefix and a time to stop of its own."
  }

  assert {
    condition = {
      for pair in jsondecode(aws_ecs_task_definition.worker[0].container_definitions)[0].environment : pair.name => pair.value
      if contains(["DB_STATEMENT_TIMEOUT_MS", "QUEUE", "APP_VERSION"], pair.name)
    } == { DB_STATEMENT_TIMEOUT_MS = "60000", QUEUE = "orders", APP_VERSION = "3f2a9c1d7e5b" }
    error_message = "The worker's own variables must come last."
  }

  assert {
    condition     = aws_ecs_task_definition.worker[0].cpu == "256" && aws_ecs_task_definition.worker[0].memory == "1024"
    error_message = "The worker's size must be its own, or the service's."
  }

  assert {
    condition     = length(aws_ecs_service.worker[0].load_balancer) == 0 && aws_ecs_service.worker[0].deployment_circuit_breaker[0].rollback
    error_message = "The worker must serve nobody, and go back when a release fails."
  }
}

run "scaled_and_watched" {
  command = plan

  assert {
    condition     = aws_appautoscaling_target.worker[0].min_capacity == 1 && aws_appautoscaling_target.worker[0].max_capacity == 2 && aws_appautoscaling_target.worker[0].resource_id == "service/itemsvc-dev/itemsvc-dev-worker"
    error_message = "The worker must scale by its own variables."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.running_below_desired["worker"].alarm_name == "itemsvc-dev-worker-below-desired" && aws_cloudwatch_metric_alarm.metric["worker-memory"].dimensions == tomap({ ClusterName = "itemsvc-dev", ServiceName = "itemsvc-dev-worker" })
    error_message = "The worker must have alarms of its own."
  }

  assert {
    condition     = [for service in jsondecode(aws_cloudwatch_event_rule.deployment_failed.event_pattern).resources : split("/", service)[2]] == ["itemsvc-dev-api", "itemsvc-dev-worker"]
    error_message = "A failed deployment of the worker must be mailed too."
  }

  assert {
    condition     = output.db_connection_budget.needed == 2 * 3 * 1 * 4 + 2 * 2 * 1 + 20
    error_message = "The worker's connections must count, twice during a roll-out."
  }
}

run "refused_sizes" {
  command = plan

  variables {
    worker_memory = 8192
  }

  expect_failures = [var.worker_memory]
}

run "refused_commands" {
  command = plan

  variables {
    worker_command = []
  }

  expect_failures = [var.worker_command]
}

run "refused_numbers_of_tasks" {
  command = plan

  variables {
    worker_min_tasks = 3
  }

  expect_failures = [var.worker_max_tasks]
}

run "refused_variables" {
  command = plan

  variables {
    worker_environment = { DATABASE_URL = "postgres://elsewhere/db" }
  }

  expect_failures = [var.worker_environment]
}

run "refused_names_of_variables" {
  command = plan

  variables {
    worker_environment = { "SHOP-URL" = "https://shop.example.com" }
  }

  expect_failures = [var.worker_environment]
}

# ECS refuses a container that has one name as a variable and as a secret.
run "refused_names_of_secrets" {
  command = plan

  variables {
    extra_secrets      = { SHOP = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf" }
    worker_environment = { SHOP = "https://shop.example.com" }
  }

  expect_failures = [var.worker_environment]
}
