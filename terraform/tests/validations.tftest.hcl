# A wrong value for every validated variable. A run passes only if Terraform refuses each of them.

run "nonsense" {
  command = plan

  variables {
    name                         = "Item Service"
    environment                  = "Production!"
    image_tag                    = "latest"
    migrate_image_tag            = "latest"
    images_kept                  = 4
    vpc_cidr                     = "10.0.0.0"
    nat                          = "both"
    flow_log_traffic_type        = "all"
    allowed_cidr_blocks          = []
    availability_zones           = ["us-east-1a"]
    certificate_arn              = "arn:aws:iam::123456789012:server-certificate/items"
    ssl_policy                   = "ELBSecurityPolicy-2016-08"
    domain_names                 = ["https://items.example.com"]
    alb_idle_timeout             = 0
    deregistration_delay         = -1
    waf_rate_limit               = 9
    task_cpu                     = 300
    cpu_architecture             = "arm64"
    gunicorn_workers             = 0
    gunicorn_threads             = 0
    gunicorn_queue_timeout       = 0
    gunicorn_request_timeout     = 19.5
    gunicorn_max_queued          = 0
    max_streams                  = 0.5
    gunicorn_graceful_timeout    = 0
    stop_timeout                 = 121
    log_level                    = "info"
    migrate_statement_timeout_ms = 0
    migrate_lock_timeout_ms      = 0
    migrate_wait_seconds         = 0
    min_tasks                    = 0
    cpu_target                   = 95
    requests_per_target          = 0
    db_engine_version            = "17"
    db_instance_class            = "db.t1.micro"
    db_allocated_storage         = 10
    db_backup_retention_days     = 0
    db_monitoring_interval       = 20
    db_statement_timeout_ms      = 0
    db_reserved_connections      = 9
    db_password_version          = 0
    service_password_version     = 0.5
    oidc_issuer                  = "http://login.example.com"
    rate_limit                   = "600"
    metrics                      = "prometheus"
    collector_image              = "public.ecr.aws/aws-observability/aws-otel-collector:latest"
    trace_sample_ratio           = 10
    latency_p99_ms               = 0
    secret_key_version           = 0
    secret_recovery_days         = 3
    log_retention_days           = 31
    alarm_email                  = "ops"
    error_rate_percent           = 0
    latency_p95_seconds          = 0
    github_repository            = "example/*"
    github_environment           = "*"
    state_bucket                 = "s3://state"
    state_key                    = "*"
  }

  expect_failures = [
    var.name, var.environment, var.image_tag, var.migrate_image_tag, var.images_kept, var.vpc_cidr, var.nat,
    var.flow_log_traffic_type, var.allowed_cidr_blocks, var.availability_zones, var.certificate_arn, var.ssl_policy, var.domain_names,
    var.alb_idle_timeout, var.deregistration_delay, var.waf_rate_limit, var.task_cpu,
    var.cpu_architecture, var.gunicorn_workers, var.gunicorn_threads, var.gunicorn_graceful_timeout, var.stop_timeout,
    var.gunicorn_queue_timeout, var.gunicorn_request_timeout, var.gunicorn_max_queued, var.max_streams,
    var.log_level, var.migrate_statement_timeout_ms, var.migrate_lock_timeout_ms, var.migrate_wait_seconds,
    var.min_tasks, var.cpu_target, var.requests_per_target, var.db_engine_version,
    var.db_instance_class, var.db_allocated_storage, var.db_backup_retention_days, var.db_monitoring_interval,
    var.db_statement_timeout_ms, var.db_reserved_connections, var.db_password_version, var.secret_key_version,
    var.service_password_version, var.oidc_issuer, var.rate_limit, var.metrics,
    var.collector_image, var.trace_sample_ratio, var.latency_p99_ms,
    var.secret_recovery_days, var.log_retention_days, var.alarm_email, var.error_rate_percent,
    var.latency_p95_seconds, var.github_repository, var.github_environment,
    var.state_bucket, var.state_key,
  ]
}

run "plausible_but_wrong" {
  command = plan

  variables {
    name                 = "a-service-name-that-is-too-long"
    environment          = "pre-prod"
    image_tag            = "itemsvc:3f2a9c1d7e5b"
    migrate_image_tag    = "none"
    vpc_cidr             = "10.0.0.0/24" # A sixteenth is a /28, too small for a load balancer.
    availability_zones   = ["eu-west-1a", "eu-west-1b"]
    allowed_cidr_blocks  = ["0.0.0.0/0", "2001:db8::/32"]
    certificate_arn      = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain_names         = ["items.example.com", "*.example.com"]
    task_cpu             = 1024
    task_memory          = 1024
    min_tasks            = 4
    db_engine_version    = "18-beta"
    db_allocated_storage = 70000
    github_repository    = "example@123456/itemsvc"
  }

  expect_failures = [
    var.name, var.environment, var.image_tag, var.migrate_image_tag, var.vpc_cidr, var.allowed_cidr_blocks,
    var.availability_zones, var.certificate_arn, var.domain_names, var.task_memory, var.max_tasks, var.db_engine_version,
    var.db_allocated_storage, var.github_repository,
  ]
}

# RDS does the minor upgrades and never goes back, so a fixed minor version would be refused after the first of them.
run "a_minor_version" {
  command = plan

  variables {
    db_engine_version = "18.1"
  }

  expect_failures = [var.db_engine_version]
}

run "a_local_zone" {
  command = plan

  variables {
    availability_zones = ["us-east-1a", "us-east-1-bos-1a"]
  }

  expect_failures = [var.availability_zones]
}

run "the_same_range_twice" {
  command = plan

  variables {
    allowed_cidr_blocks = ["203.0.113.0/24", "203.0.113.0/24"]
  }

  expect_failures = [var.allowed_cidr_blocks]
}

run "a_range_that_ec2_would_change" {
  command = plan

  variables {
    allowed_cidr_blocks = ["203.0.113.7/24"]
  }

  expect_failures = [var.allowed_cidr_blocks]
}

# Nobody has a certificate for the load balancer's own name, and the service answers 400 to a name that it does not know.
run "a_certificate_without_a_name" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [aws_lb_listener.https]
}

# The containers and their settings would refuse them, after the apply.
run "fractions" {
  command = plan

  variables {
    gunicorn_keepalive           = 75.5
    gunicorn_graceful_timeout    = 28.5
    stop_timeout                 = 60.5
    migrate_statement_timeout_ms = 1000.5
    migrate_lock_timeout_ms      = 100.5
    migrate_wait_seconds         = 1.5
    db_statement_timeout_ms      = 100.5
    worker_stop_timeout          = 60.5
  }

  expect_failures = [
    var.gunicorn_keepalive, var.gunicorn_graceful_timeout, var.stop_timeout, var.migrate_statement_timeout_ms,
    var.migrate_lock_timeout_ms, var.migrate_wait_seconds, var.db_statement_timeout_ms, var.worker_stop_timeout,
  ]
}

run "more_storage_than_rds_has" {
  command = plan

  variables {
    db_max_allocated_storage = 70000
  }

  expect_failures = [var.db_max_allocated_storage]
}

run "a_name_that_ssm_refuses" {
  command = plan

  variables {
    name = "aws-items"
  }

  expect_failures = [var.name]
}

run "a_name_that_a_security_group_refuses" {
  command = plan

  variables {
    name = "sg"
  }

  expect_failures = [var.name]
}

run "a_region_too_long_for_a_buckets_name" {
  command = plan

  variables {
    region = "ap-southeasts-1"
  }

  expect_failures = [var.region]
}

run "the_smallest_network" {
  command = plan

  variables {
    vpc_cidr = "10.0.0.0/23"
  }
}

run "region_is_a_region" {
  command = plan

  variables {
    region = "Virginia"
  }

  expect_failures = [var.region]
}

run "fargate_has_no_such_pair" {
  command = plan

  variables {
    task_cpu    = 256
    task_memory = 4096
  }

  expect_failures = [var.task_memory]
}

run "largest_pair_of_the_smallest_cpu" {
  command = plan

  variables {
    task_memory = 2048
  }
}

run "an_issuer_on_a_port_that_no_task_reaches" {
  command = plan

  variables {
    oidc_issuer   = "https://login.example.com:8443/tenant"
    oidc_audience = "items"
  }

  expect_failures = [var.oidc_issuer]
}

run "two_issuers_and_no_audience" {
  command = plan

  variables {
    oidc_issuer      = "https://login.example.com"
    create_user_pool = true
  }

  expect_failures = [var.oidc_audience, var.create_user_pool]
}

run "an_environment_that_cognito_refuses" {
  command = plan

  variables {
    environment      = "devaws"
    create_user_pool = true
  }

  expect_failures = [var.create_user_pool, terraform_data.environment] # these runs are in dev's workspace
}

run "a_name_that_cognito_refuses" {
  command = plan

  variables {
    name             = "my-aws-items"
    create_user_pool = true
  }

  expect_failures = [var.create_user_pool]
}
