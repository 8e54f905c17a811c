# The service, the one-off task, scaling and roles, with an image.

variables {
  image_tag = "3f2a9c1d7e5b"
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
  target          = aws_lb.main
  override_during = plan
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/itemsvc-dev/0123456789abcdef"
    arn_suffix = "app/itemsvc-dev/0123456789abcdef"
    dns_name   = "itemsvc-dev-1.us-east-1.elb.amazonaws.com"
  }
}

override_resource {
  target          = aws_lb_target_group.api
  override_during = plan
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/itemsvc-dev-api/0123456789abcdef"
    arn_suffix = "targetgroup/itemsvc-dev-api/0123456789abcdef"
  }
}

override_resource {
  target          = aws_secretsmanager_secret.database_url
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/database-url-AbCdEf" }
}

override_resource {
  target          = aws_secretsmanager_secret.service_database_url["a"]
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf" }
}

override_resource {
  target          = aws_secretsmanager_secret.service_database_url["b"]
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-b-AbCdEf" }
}

override_resource {
  target          = module.credentials.aws_secretsmanager_secret.secret_key
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf" }
}

override_resource {
  target          = aws_kms_key.main
  override_during = plan
  values          = { arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
}

override_resource {
  target          = aws_cloudwatch_log_group.app
  override_during = plan
  values          = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/itemsvc/dev/app" }
}

override_resource {
  target          = aws_cloudwatch_log_group.flow
  override_during = plan
  values          = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/itemsvc/dev/flow" }
}

override_resource {
  target          = aws_ecs_task_definition.migrate
  override_during = plan
  values          = { arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/itemsvc-dev-migrate:7" }
}

override_resource {
  target          = aws_subnet.private
  override_during = plan
  values          = { id = "subnet-private" }
}

override_resource {
  target          = aws_security_group.migrate
  override_during = plan
  values          = { id = "sg-migrate" }
}

override_resource {
  target          = aws_iam_role.execution
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-execution" }
}

override_resource {
  target          = aws_iam_role.task
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-task" }
}

override_resource {
  target          = aws_iam_role.migrate
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-migrate" }
}

run "defaults" {
  command = plan

  assert {
    condition     = aws_ecs_service.api[0].deployment_circuit_breaker[0].enable && aws_ecs_service.api[0].deployment_circuit_breaker[0].rollback
    error_message = "The circuit breaker must stop a failing deployment and roll it back."
  }

  assert {
    condition     = aws_ecs_service.api[0].deployment_minimum_healthy_percent == 100 && aws_ecs_service.api[0].deployment_maximum_percent == 200
    error_message = "A roll-out must start the new tasks before it stops the old ones."
  }

  assert {
    condition     = aws_ecs_service.api[0].network_configuration[0].assign_public_ip == false
    error_message = "Tasks have no public address."
  }

  assert {
    condition     = aws_ecs_service.api[0].wait_for_steady_state == false
    error_message = "Terraform must not wait for a steady service, because a rolled-back one is steady too."
  }

  assert {
    condition     = aws_ecs_task_definition.api[0].skip_destroy && aws_ecs_task_definition.migrate[0].skip_destroy
    error_message = "Old revisions must stay for a rollback."
  }

  assert {
    condition     = [for strategy in aws_ecs_service.api[0].capacity_provider_strategy : "${strategy.capacity_provider} ${strategy.base} ${strategy.weight}"] == ["FARGATE 1 1"]
    error_message = "Spot must be off by default."
  }

  assert {
    condition     = aws_appautoscaling_target.api[0].min_capacity == 1 && aws_appautoscaling_target.api[0].max_capacity == 3
    error_message = "Scaling must allow 1 to 3 tasks."
  }

  assert {
    condition     = aws_appautoscaling_target.api[0].resource_id == "service/itemsvc-dev/itemsvc-dev-api"
    error_message = "Scaling must change the service's desired count."
  }

  assert {
    condition = alltrue([for tracking in aws_appautoscaling_policy.cpu[0].target_tracking_scaling_policy_configuration : alltrue([
      tracking.target_value == 70,
      tracking.predefined_metric_specification[0].predefined_metric_type == "ECSServiceAverageCPUUtilization",
      tracking.scale_out_cooldown == 60,
      tracking.scale_in_cooldown == 300,
      tracking.disable_scale_in == false,
    ])])
    error_message = "Scaling must aim at 70 % CPU, add tasks after one minute and remove them after five."
  }

  assert {
    condition     = length(aws_appautoscaling_policy.requests) == 0
    error_message = "Scaling by requests per target must be off by default."
  }

  assert {
    condition = alltrue([for definition in [aws_ecs_task_definition.api[0], aws_ecs_task_definition.migrate[0]] : alltrue([
      definition.cpu == "256",
      definition.memory == "512",
      definition.network_mode == "awsvpc",
      definition.requires_compatibilities == toset(["FARGATE"]),
      definition.runtime_platform[0].cpu_architecture == "X86_64",
      [for volume in definition.volume : volume.name] == ["tmp"],
      length(jsondecode(definition.container_definitions)) == 1,
    ])])
    error_message = "Both task definitions must have one small Fargate container with a volume for /tmp."
  }

  assert {
    condition = alltrue([for container in [
      jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0],
      jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0],
      ] : alltrue([
        container.image == "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev:3f2a9c1d7e5b",
        container.readonlyRootFilesystem,
        container.privileged == false,
        container.user == "10001:10001",
        container.linuxParameters.initProcessEnabled,
        container.ulimits == [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }],
        container.stopTimeout == 60,
        container.mountPoints == [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }],
        container.logConfiguration.options.mode == "non-blocking",
        container.logConfiguration.options.awslogs-group == "/itemsvc/dev/app",
        !contains(keys(container), "restartPolicy"),
    ])])
    error_message = "Both containers must have the exact image, a read-only root, /tmp, an init process, nofile, a stop timeout and non-blocking logs."
  }

  assert {
    condition = { for secret in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].secrets : secret.name => secret.valueFrom } == {
      DATABASE_URL = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf"
      SECRET_KEY   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf"
    }
    error_message = "The service must have its own role's URL, and not the schema owner's."
  }

  assert {
    condition = { for secret in jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0].secrets : secret.name => secret.valueFrom } == {
      DATABASE_URL         = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf"
      MIGRATE_DATABASE_URL = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/database-url-AbCdEf"
      NEXT_DATABASE_URL    = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-b-AbCdEf"
      SECRET_KEY           = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf"
    }
    error_message = "The one-off task must have the URLs of the schema's owner and of both of the service's roles."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].healthCheck.command == ["CMD", "python", "-I", "-S", "/app/itemsvc/http/healthcheck.py"]
    error_message = "The container's health check must not need curl."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0].command == ["python", "manage.py", "migrate", "--noinput"]
    error_message = "The one-off task migrates."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].logConfiguration.options.awslogs-stream-prefix == "api" && jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0].logConfiguration.options.awslogs-stream-prefix == "migrate"
    error_message = "Log streams of the service and of one-off tasks must have different prefixes."
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].environment : variable.name => variable.value } == {
      ADMIN_ENABLED             = "false"
      ALLOWED_HOSTS             = "itemsvc-dev-1.us-east-1.elb.amazonaws.com"
      API_AUTH                  = "none"
      APP_VERSION               = "3f2a9c1d7e5b"
      CSRF_TRUSTED_ORIGINS      = "http://itemsvc-dev-1.us-east-1.elb.amazonaws.com"
      DB_STATEMENT_TIMEOUT_MS   = "15000"
      GUNICORN_GRACEFUL_TIMEOUT = "30"
      GUNICORN_KEEPALIVE        = "75"
      GUNICORN_QUEUE_TIMEOUT    = "5"
      GUNICORN_REQUEST_TIMEOUT  = "20"
      GUNICORN_THREADS          = "4"
      HTTPS_ONLY                = "false"
      LOG_FORMAT                = "json"
      LOG_LEVEL                 = "INFO"
      METRICS                   = "emf"
      NUM_PROXIES               = "1"
      OTEL_PROPAGATORS          = "none"
      OTEL_SERVICE_NAME         = "itemsvc-dev"
      PORT                      = "8000"
      WEB_CONCURRENCY           = "1"
    }
    error_message = "The environment must hold exactly these variables, and no secret."
  }

  assert {
    condition = alltrue([for metric in ["Requests", "ClientErrors", "ServerErrors", "SlowRequests", "Latency", "Queries", "DatabaseTime", "Refusals", "OverdueRequests", "ClientTimeouts", "Evictions", "QueueDepth", "DatabaseConnections"] :
      strcontains(aws_cloudwatch_dashboard.main.dashboard_body, "[\"itemsvc\",\"${metric}\",\"Service\",\"itemsvc-dev\"")
    ])
    error_message = "Each of the service's own metrics is on the dashboard."
  }

  assert {
    condition     = output.migrate_command == "aws ecs run-task --region us-east-1 --cluster itemsvc-dev --task-definition arn:aws:ecs:us-east-1:123456789012:task-definition/itemsvc-dev-migrate:7 --launch-type FARGATE --network-configuration 'awsvpcConfiguration={subnets=[subnet-private,subnet-private],securityGroups=[sg-migrate],assignPublicIp=DISABLED}'"
    error_message = "The command must be complete."
  }

  assert {
    condition = alltrue([
      aws_ecs_task_definition.api[0].task_role_arn == aws_iam_role.task.arn,
      aws_ecs_task_definition.migrate[0].task_role_arn == aws_iam_role.migrate.arn,
      aws_ecs_task_definition.api[0].execution_role_arn == aws_iam_role.execution.arn,
      aws_ecs_task_definition.migrate[0].execution_role_arn == aws_iam_role.execution.arn,
      length(distinct([aws_iam_role.task.name, aws_iam_role.migrate.name, aws_iam_role.execution.name])) == 3,
    ])
    error_message = "The service, the one-off task and ECS must have a role each."
  }

  # The service and the one-off task may call no AWS API, because no policy names their roles.
  assert {
    condition     = length(aws_iam_role_policy.execute_command) == 0 && length(module.deploy_role) == 0
    error_message = "By default the task roles must have no policy, and there must be no deploy role."
  }

  assert {
    condition = alltrue([for role in [aws_iam_role.execution, aws_iam_role.task, aws_iam_role.migrate] :
      jsondecode(role.assume_role_policy).Statement[0].Principal.Service == "ecs-tasks.amazonaws.com" &&
      can(jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"])
    ])
    error_message = "Only this account's ECS tasks may take the roles."
  }

  assert {
    condition = { for role in [aws_iam_role.execution, aws_iam_role.schedule, aws_iam_role.flow_log, aws_iam_role.rds_monitoring] :
      jsondecode(role.assume_role_policy).Statement[0].Principal.Service => try(jsondecode(role.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"], jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"])
      } == {
      "ecs-tasks.amazonaws.com"      = "arn:aws:ecs:us-east-1:123456789012:*"
      "monitoring.rds.amazonaws.com" = "123456789012"
      "scheduler.amazonaws.com"      = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/itemsvc-dev"
      "vpc-flow-logs.amazonaws.com"  = "123456789012"
    }
    error_message = "Each service may take its own role, and only for this account's resources."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Sid => flatten([statement.Resource]) } == {
      RegistryLogin  = ["*"]
      PullImage      = ["arn:aws:ecr:us-east-1:123456789012:repository/itemsvc-dev"]
      WriteLogs      = ["arn:aws:logs:us-east-1:123456789012:log-group:/itemsvc/dev/app:*"]
      ReadSecrets    = [for name in ["database-url", "secret-key", "service-database-url-a", "service-database-url-b"] : "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/${name}-AbCdEf"]
      DecryptSecrets = ["arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"]
    }
    error_message = "The execution role may use only this environment's image, log group, secrets and key."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.flow_log.policy).Statement : statement.Resource => flatten([statement.Action]) } == {
      "arn:aws:logs:us-east-1:123456789012:log-group:*"                   = ["logs:DescribeLogGroups"]
      "arn:aws:logs:us-east-1:123456789012:log-group:/itemsvc/dev/flow:*" = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    }
    error_message = "The flow log must find its log group and write only there."
  }
}

run "migrate_ahead_and_rotate" {
  command = plan

  variables {
    migrate_image_tag        = "aaaaaaaaaaaa"
    db_password_version      = 3
    service_password_version = 2
    secret_key_version       = 3
  }

  assert {
    condition     = endswith(jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0].image, ":aaaaaaaaaaaa") && endswith(jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].image, ":3f2a9c1d7e5b")
    error_message = "The two image tags must be independent."
  }

  assert {
    condition = jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].dockerLabels == {
      "credentials.database-password" = "2"
      "credentials.secret-key"        = "3"
    }
    error_message = "A new password must make a new revision, because running tasks keep the old one."
  }

  assert {
    condition = alltrue([for container, secrets in {
      (aws_ecs_task_definition.api[0].container_definitions)     = { DATABASE_URL = "b" }
      (aws_ecs_task_definition.migrate[0].container_definitions) = { DATABASE_URL = "b", NEXT_DATABASE_URL = "a" }
      } : alltrue([for name, role in secrets : contains(jsondecode(container)[0].secrets, {
        name      = name
        valueFrom = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-${role}-AbCdEf"
    })])])
    error_message = "The service must switch to its other role, and the first one must become the next."
  }

  assert {
    condition     = aws_db_instance.main.password_wo_version == 3
    error_message = "The database must get the new password."
  }
}
