# The options that are off by default, each turned on.

variables {
  image_tag = "3f2a9c1d7e5b"
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
  target          = aws_ecr_repository.api
  override_during = plan
  values = {
    arn            = "arn:aws:ecr:us-east-1:123456789012:repository/itemsvc-dev"
    repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev"
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
  target          = aws_iam_role.schedule
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-schedule" }
}

override_resource {
  target          = aws_iam_role.migrate
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-migrate" }
}

run "in_front" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain_names    = ["items.example.com", "api.example.com"]
    nat             = "per_az"

    availability_zones = ["us-east-1c", "us-east-1f"]
    enable_waf         = true
    access_logs        = true
    alarm_email        = "ops@example.com"
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "HTTP must redirect to HTTPS."
  }

  assert {
    condition     = aws_lb_listener.https[0].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06" && aws_lb_listener.https[0].port == 443
    error_message = "The listener must offer TLS 1.3."
  }

  assert {
    condition     = output.url == "https://items.example.com"
    error_message = "The URL must have the first domain."
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].environment : variable.name => variable.value if contains(["ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "HTTPS_ONLY"], variable.name) } == {
      ALLOWED_HOSTS        = "itemsvc-dev-1.us-east-1.elb.amazonaws.com,items.example.com,api.example.com"
      CSRF_TRUSTED_ORIGINS = "https://itemsvc-dev-1.us-east-1.elb.amazonaws.com,https://items.example.com,https://api.example.com"
      HTTPS_ONLY           = "true"
    }
    error_message = "The service must get its hosts and HTTPS_ONLY."
  }

  assert {
    condition     = toset(keys(aws_nat_gateway.main)) == toset(["us-east-1c", "us-east-1f"]) && length(aws_route.nat) == 2
    error_message = "There must be a NAT gateway in each of the given zones."
  }

  assert {
    condition     = toset([for rule in aws_wafv2_web_acl.main[0].rule : rule.name]) == toset(["rate-per-address", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet"])
    error_message = "The web ACL must have managed rules and a rate limit."
  }

  # A description of 10,000 characters is longer than the 8 KiB that the common rules allow.
  assert {
    condition = anytrue([for rule in aws_wafv2_web_acl.main[0].rule :
      rule.name == "AWSManagedRulesCommonRuleSet" && try(rule.statement[0].managed_rule_group_statement[0].rule_action_override[0].name, "") == "SizeRestrictions_BODY"
    ])
    error_message = "The common rules must not refuse bodies that the API accepts."
  }

  assert {
    condition     = aws_cloudwatch_log_group.waf[0].name == "aws-waf-logs-itemsvc-dev" && length(aws_wafv2_web_acl_association.main) == 1
    error_message = "The web ACL must be attached and write logs."
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.access_logs[0].policy).Statement : statement.Sid]) == toset(["DeliveryService", "DeliveryAccount", "TlsOnly"])
    error_message = "In an older region, the service principal and AWS's account must be allowed to deliver logs."
  }

  assert {
    condition     = alltrue([for block in [aws_s3_bucket_public_access_block.access_logs[0]] : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "The bucket must be private."
  }

  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "ops@example.com" && aws_sns_topic_subscription.email[0].protocol == "email"
    error_message = "Alarms must send e-mail."
  }
}

run "access_logs_in_a_new_region" {
  command = plan

  variables {
    access_logs = true
    region      = "eu-central-2"
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.access_logs[0].policy).Statement : statement.Sid]) == toset(["DeliveryService", "TlsOnly"])
    error_message = "In a newer region, only the service principal may deliver logs."
  }
}

run "tasks" {
  command = plan

  variables {
    use_spot                 = true
    cpu_architecture         = "ARM64"
    enable_execute_command   = true
    readonly_root_filesystem = false
    requests_per_target      = 600
    min_tasks                = 2
    gunicorn_queue_timeout   = 2
    gunicorn_request_timeout = 16
    gunicorn_max_queued      = 100
    max_streams              = 1
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].environment : variable.name => variable.value if contains(["GUNICORN_MAX_QUEUED", "GUNICORN_QUEUE_TIMEOUT", "GUNICORN_REQUEST_TIMEOUT", "MAX_STREAMS"], variable.name) } == {
      GUNICORN_MAX_QUEUED      = "100"
      GUNICORN_QUEUE_TIMEOUT   = "2"
      GUNICORN_REQUEST_TIMEOUT = "16"
      MAX_STREAMS              = "1"
    }
    error_message = "The service must get the limits of its request queue, exports and request time."
  }

  assert {
    condition     = toset([for strategy in aws_ecs_service.api[0].capacity_provider_strategy : "${strategy.capacity_provider} ${coalesce(strategy.base, 0)} ${strategy.weight}"]) == toset(["FARGATE 2 0", "FARGATE_SPOT 0 1"])
    error_message = "Only tasks beyond min_tasks may run on Spot."
  }

  assert {
    condition     = aws_ecs_task_definition.api[0].runtime_platform[0].cpu_architecture == "ARM64" && aws_ecs_task_definition.migrate[0].runtime_platform[0].cpu_architecture == "ARM64"
    error_message = "Both task definitions must have the image's CPU architecture."
  }

  assert {
    condition     = aws_ecs_service.api[0].enable_execute_command && jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].readonlyRootFilesystem == false
    error_message = "ECS Exec must be on, with a writable root file system for its agent."
  }

  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.execute_command[0].policy).Statement[0].Action) == toset(["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"])
    error_message = "ECS Exec must get only the ssmmessages permissions."
  }

  assert {
    condition     = aws_appautoscaling_policy.requests[0].target_tracking_scaling_policy_configuration[0].target_value == 600 && aws_appautoscaling_policy.requests[0].target_tracking_scaling_policy_configuration[0].predefined_metric_specification[0].resource_label == "app/itemsvc-dev/0123456789abcdef/targetgroup/itemsvc-dev-api/0123456789abcdef"
    error_message = "Scaling must count the requests per target of this target group."
  }
}

run "deploy_role" {
  command = plan

  variables {
    github_repository = "example/itemsvc"
    state_bucket      = "example-terraform-state"
  }

  assert {
    condition = jsondecode(module.deploy_role[0].trust_policy).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:example/itemsvc:environment:dev"
      }
    }
    error_message = "Only jobs of this repository's environment may assume the role, without a pattern."
  }

  # These are all actions of a deploy that may change something.
  assert {
    condition = toset([for action in flatten([for statement in jsondecode(module.deploy_role[0].policies.write).Statement : statement.Action]) : split(":", action)[0]]) == toset([
      "ecr", "ecs", "iam", "application-autoscaling", "cloudwatch", "logs", "kms", "s3", "scheduler", "ssm",
    ])
    error_message = "A deploy may write only to the registry, ECS, scaling, its schedules, its SSM parameters and the state, and pass roles."
  }

  assert {
    condition = alltrue([for action in flatten([for name, policy in module.deploy_role[0].policies : [for statement in jsondecode(policy).Statement : statement.Action] if name != "write"]) :
      can(regex("^[a-z0-9-]+:(Describe|Get|List)", action))
    ])
    error_message = "The policies for reading must only read."
  }

  assert {
    condition     = !anytrue([for action in flatten([for policy in values(module.deploy_role[0].policies) : [for statement in jsondecode(policy).Statement : statement.Action]]) : endswith(action, ":*") || action == "*"])
    error_message = "No policy may allow all actions of a service."
  }

  assert {
    condition = alltrue([for statement in jsondecode(module.deploy_role[0].policies.write).Statement :
      !contains(flatten([statement.Resource]), "*") || statement.Sid == "ListTasks" && can(statement.Condition) || statement.Action == "ecs:RegisterTaskDefinition"
    ])
    error_message = "Every statement that writes must name its resources, if AWS knows any."
  }

  assert {
    condition = { for statement in jsondecode(module.deploy_role[0].policies.write).Statement : statement.Condition.StringEquals["iam:PassedToService"] => toset(flatten([statement.Resource])) if contains(flatten([statement.Action]), "iam:PassRole") } == {
      "ecs-tasks.amazonaws.com" = toset([aws_iam_role.execution.arn, aws_iam_role.task.arn, aws_iam_role.migrate.arn])
      "scheduler.amazonaws.com" = toset([aws_iam_role.schedule.arn])
    }
    error_message = "A deploy may pass only the tasks' roles to tasks, and the schedules' role to schedules."
  }

  assert {
    condition = !anytrue([for action in flatten([for policy in values(module.deploy_role[0].policies) : [for statement in jsondecode(policy).Statement : statement.Action]]) :
      anytrue([for service in ["cognito-idp:", "wafv2:", "s3:GetBucket"] : startswith(action, service)])
    ])
    error_message = "A deploy must not read what belongs to an option that is off."
  }
}

run "deploy_role_and_the_state" {
  command = plan

  variables {
    github_repository = "example/itemsvc"
    state_bucket      = "example-terraform-state"
    state_key         = "items/state.json"
  }

  assert {
    condition = { for statement in jsondecode(module.deploy_role[0].policies.write).Statement : statement.Sid => { actions = flatten([statement.Action]), resources = flatten([statement.Resource]) } if strcontains(jsonencode(statement.Resource), ":s3:") } == {
      State = {
        actions   = ["s3:GetObject", "s3:PutObject"]
        resources = ["arn:aws:s3:::example-terraform-state/items/state.json", "arn:aws:s3:::example-terraform-state/items/state.json.tflock"]
      }
      UnlockState = { actions = ["s3:DeleteObject"], resources = ["arn:aws:s3:::example-terraform-state/items/state.json.tflock"] }
      FindState   = { actions = ["s3:ListBucket"], resources = ["arn:aws:s3:::example-terraform-state"] }
    }
    error_message = "The role may write this environment's state and its lock, and delete only the lock."
  }
}

run "deploy_role_of_a_repository_with_ids" {
  command = plan

  variables {
    github_repository = "example@123456/itemsvc@456789"
    state_bucket      = "example-terraform-state"
  }

  assert {
    condition     = jsondecode(module.deploy_role[0].trust_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example@123456/itemsvc@456789:environment:dev"
    error_message = "The role must trust the subject with the ids of owner and repository, and no other."
  }
}

run "deploy_role_with_a_user_pool" {
  command = plan

  variables {
    create_user_pool  = true
    github_repository = "example/itemsvc"
    state_bucket      = "example-terraform-state"
  }

  # DescribeUserPoolClient shows the client's secret.
  assert {
    condition = toset(flatten([for policy in values(module.deploy_role[0].policies) : [for statement in jsondecode(policy).Statement : statement.Resource
      if anytrue([for action in statement.Action : startswith(action, "cognito-idp:") && action != "cognito-idp:DescribeUserPoolDomain"])
    ] if strcontains(policy, "cognito-idp")])) == toset(["arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI"])
    error_message = "A deploy must read only this environment's pool and its client."
  }
}

run "deploy_role_of_another_github_environment" {
  command = plan

  variables {
    github_repository  = "example/itemsvc"
    github_environment = "staging"
    state_bucket       = "example-terraform-state"
  }

  assert {
    condition     = endswith(jsondecode(module.deploy_role[0].trust_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"], ":environment:staging")
    error_message = "The role must trust the given GitHub environment."
  }

  assert {
    condition     = jsondecode(module.deploy_role[0].trust_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "An account has one provider, so no environment may own it."
  }
}

run "an_issuer_of_somebody_elses" {
  command = plan

  variables {
    oidc_issuer   = "https://login.example.com/tenant"
    oidc_audience = "items"
    admin_enabled = true
    rate_limit    = "600/min"
    metrics       = "none"
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].environment : variable.name => variable.value if contains(["API_AUTH", "OIDC_ISSUER", "OIDC_AUDIENCE", "ADMIN_ENABLED", "RATE_LIMIT", "METRICS"], variable.name) } == {
      ADMIN_ENABLED = "true"
      API_AUTH      = "oidc"
      METRICS       = "none"
      OIDC_AUDIENCE = "items"
      OIDC_ISSUER   = "https://login.example.com/tenant"
      RATE_LIMIT    = "600/min"
    }
    error_message = "The service must require the issuer's tokens, serve the admin and limit its callers."
  }

  assert {
    condition     = length(aws_cognito_user_pool.main) == 0 && output.token_endpoint == null && output.oidc_issuer == "https://login.example.com/tenant"
    error_message = "With an issuer there must be no user pool."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.service_error_rate) == 0 && !contains(keys(aws_cloudwatch_metric_alarm.metric), "latency-p99") && !strcontains(aws_cloudwatch_dashboard.main.dashboard_body, "DatabaseTime")
    error_message = "Without the service's metrics there must be no alarm on them."
  }
}

override_resource {
  target          = aws_cognito_user_pool.main
  override_during = plan
  values = {
    id       = "us-east-1_AbCdEfGhI"
    arn      = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI"
    endpoint = "cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"
  }
}

override_resource {
  target          = aws_cognito_user_pool_client.machine
  override_during = plan
  values          = { id = "0123456789abcdefghijklmnop" }
}

run "a_user_pool" {
  command = plan

  variables {
    create_user_pool = true
    resources        = ["items"]
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].environment : variable.name => variable.value if contains(["API_AUTH", "OIDC_ISSUER", "OIDC_AUDIENCE"], variable.name) } == {
      API_AUTH      = "oidc"
      OIDC_AUDIENCE = "itemsvc-dev"
      OIDC_ISSUER   = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"
    }
    error_message = "The service must require the pool's tokens."
  }

  assert {
    condition = alltrue([
      aws_cognito_user_pool_client.machine[0].generate_secret,
      aws_cognito_user_pool_client.machine[0].allowed_oauth_flows == toset(["client_credentials"]),
      aws_cognito_user_pool_client.machine[0].allowed_oauth_scopes == toset(["itemsvc-dev/items:read", "itemsvc-dev/items:write"]),
      toset([for scope in aws_cognito_resource_server.main[0].scope : scope.scope_name]) == toset(["items:read", "items:write"]),
      aws_cognito_user_pool.main[0].admin_create_user_config[0].allow_admin_create_user_only,
    ])
    error_message = "The pool must have one confidential machine client with the scopes of the API, and no sign-up."
  }

  assert {
    condition     = output.token_endpoint == "https://itemsvc-dev-123456789012.auth.us-east-1.amazoncognito.com/oauth2/token" && output.machine_client_id == "0123456789abcdefghijklmnop"
    error_message = "The outputs must name the token endpoint and the client."
  }

  assert {
    condition     = output.token_command == "curl --silent --show-error --fail --data grant_type=client_credentials --user \"0123456789abcdefghijklmnop:$(aws cognito-idp describe-user-pool-client --region us-east-1 --user-pool-id us-east-1_AbCdEfGhI --client-id 0123456789abcdefghijklmnop --query UserPoolClient.ClientSecret --output text)\" https://itemsvc-dev-123456789012.auth.us-east-1.amazoncognito.com/oauth2/token"
    error_message = "The command must be complete and hold no secret."
  }
}

run "traces" {
  command = plan

  variables {
    enable_tracing = true
  }

  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.api[0].container_definitions) : "${container.name} ${container.essential}"] == ["api true", "collector false"]
    error_message = "The collector must be a second container that is not essential."
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].environment : variable.name => variable.value if startswith(variable.name, "OTEL_") } == {
      OTEL_EXPORTER_OTLP_ENDPOINT = "http://localhost:4318"
      OTEL_PROPAGATORS            = "none"
      OTEL_SERVICE_NAME           = "itemsvc-dev"
      OTEL_TRACES_EXPORTER        = "otlp"
      OTEL_TRACES_SAMPLER         = "traceidratio"
      OTEL_TRACES_SAMPLER_ARG     = "0.1"
    }
    error_message = "The service must send a tenth of its traces to the collector."
  }

  assert {
    condition     = yamldecode(jsondecode(aws_ecs_task_definition.api[0].container_definitions)[1].environment[0].value).service.pipelines.traces.exporters == ["awsxray"]
    error_message = "The collector must send the traces to X-Ray."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.tracing[0].policy).Statement[0].Action == ["xray:PutTelemetryRecords", "xray:PutTraceSegments"] && aws_iam_role_policy.tracing[0].role == aws_iam_role.task.id
    error_message = "The task's role may only send traces."
  }

  assert {
    condition     = length(jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)) == 1
    error_message = "One-off tasks must not send traces."
  }
}

run "traces_without_nat" {
  command = plan

  variables {
    enable_tracing  = true
    nat             = "none"
    collector_image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror/collector:v0.48.0"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "PullImage"] == [[
      "arn:aws:ecr:us-east-1:123456789012:repository/itemsvc-dev", "arn:aws:ecr:us-east-1:123456789012:repository/mirror/collector",
    ]]
    error_message = "The execution role must be able to pull the copy of the collector."
  }
}
