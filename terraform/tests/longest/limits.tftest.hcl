# The longest inputs that the validations allow, with every option. tests/terraform/test_limits.py holds each planned
# name and policy of these runs to AWS's limits. The environment needs its own workspace, so these runs are separate:
#
#   TF_WORKSPACE=abcdefghij terraform test -test-directory=tests/longest

variables {
  name        = "abcdefghijklmnop"
  environment = "abcdefghij"
  region      = "us-gov-west-1" # Its partition's name is longer than any region's.
  image_tag   = "3f2a9c1d7e5b"

  certificate_arn          = "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  domain_names             = ["items.example.com"]
  github_repository        = "abcdefghijklmnopqrstuvwxyz-abcdefghijkl@12345678901234567890/abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrs@12345678901234567890"
  state_bucket             = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghi"
  access_logs              = true
  enable_waf               = true
  enable_execute_command   = true
  readonly_root_filesystem = false
  requests_per_target      = 600
  db_final_snapshot        = true
  alarm_email              = "ops@example.com"
  task_policy_json         = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": [${join(", ", [for number in range(100, 297) : "\"arn:aws-us-gov:s3:::a-bucket-of-ours-${number}/*\""])}]}]}"
  worker_command           = ["python", "manage.py", "work"]
  scheduled_commands       = { abcdefghijklmnopqrstuvwxyz-abc = { schedule = "rate(1 hour)", command = ["python"] } }
  media_enabled            = true
  media_cors_origins       = ["https://app.example.com"]
  extra_secrets            = { SENTRY_DSN = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:sentry-AbCdEf" }
}

override_resource {
  target          = aws_kms_key.main
  override_during = plan
  values          = { arn = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
}

override_resource {
  target          = aws_ecr_repository.api
  override_during = plan
  values          = { arn = "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/abcdefghijklmnop-abcdefghij" }
}

override_resource {
  target          = aws_ecs_cluster.main
  override_during = plan
  values          = { arn = "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:cluster/abcdefghijklmnop-abcdefghij" }
}

override_resource {
  target          = aws_cloudwatch_log_group.app
  override_during = plan
  values          = { arn = "arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:/abcdefghijklmnop/abcdefghij/app" }
}

override_resource {
  target          = aws_cloudwatch_log_group.flow
  override_during = plan
  values          = { arn = "arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:/abcdefghijklmnop/abcdefghij/flow" }
}

override_resource {
  target          = aws_secretsmanager_secret.database_url
  override_during = plan
  values          = { arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:abcdefghijklmnop-abcdefghij/database-url-AbCdEf" }
}

override_resource {
  target          = aws_secretsmanager_secret.service_database_url
  override_during = plan
  values          = { arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:abcdefghijklmnop-abcdefghij/service-database-url-a-AbCdEf" }
}

override_resource {
  target          = module.credentials.aws_secretsmanager_secret.secret_key
  override_during = plan
  values          = { arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:abcdefghijklmnop-abcdefghij/secret-key-AbCdEf" }
}

override_resource {
  target          = aws_iam_role.execution
  override_during = plan
  values          = { arn = "arn:aws-us-gov:iam::123456789012:role/abcdefghijklmnop-abcdefghij-execution" }
}

override_resource {
  target          = aws_iam_role.task
  override_during = plan
  values          = { arn = "arn:aws-us-gov:iam::123456789012:role/abcdefghijklmnop-abcdefghij-task" }
}

override_resource {
  target          = aws_iam_role.migrate
  override_during = plan
  values          = { arn = "arn:aws-us-gov:iam::123456789012:role/abcdefghijklmnop-abcdefghij-migrate" }
}

override_resource {
  target          = aws_sns_topic.alarms
  override_during = plan
  values          = { arn = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:abcdefghijklmnop-abcdefghij-alarms" }
}

override_resource {
  target          = aws_sqs_queue.schedules
  override_during = plan
  values          = { arn = "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:abcdefghijklmnop-abcdefghij-schedules" } # pragma: allowlist secret
}

override_resource {
  target          = aws_cognito_user_pool.main
  override_during = plan
  values = {
    arn      = "arn:aws-us-gov:cognito-idp:us-gov-west-1:123456789012:userpool/us-gov-west-1_AbCdEfGhI"
    endpoint = "cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbCdEfGhI"
  }
}

override_data {
  target          = data.aws_route53_zone.main
  override_during = plan
  values          = { name = "example.com" }
}

override_resource {
  target          = aws_acm_certificate.main
  override_during = plan
  values = {
    arn = "arn:aws:acm:ap-southeast-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain_validation_options = [{
      domain_name           = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxy.example.com"
      resource_record_name  = "_0123456789abcdef0123456789abcdef.abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxy.example.com."
      resource_record_type  = "CNAME"
      resource_record_value = "_0123456789abcdef0123456789abcdef.abcdefghij.acm-validations.aws."
    }]
  }
}

run "with_nat" {
  command = plan

  variables {
    nat              = "per_az"
    create_user_pool = true
    enable_tracing   = true
  }

  assert {
    condition     = length(module.deploy_role) == 1
    error_message = "The plan must have the deploy role."
  }
}

run "without_nat" {
  command = plan

  variables {
    nat             = "none"
    region          = "ap-southeast-1" # No region's name is longer.
    certificate_arn = null
    domain_names    = []
    domain_name     = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxy.example.com"
    hosted_zone_id  = "Z0123456789ABCDEFGHIJKLMNOPQRSTU"
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 5
    error_message = "The plan must have every endpoint."
  }
}
