# The first apply, without an image and with no variable set: everything but the service.
#
# All runs in this folder plan with the real provider and create nothing. The provider asks AWS (or AWS_ENDPOINT_URL)
# for the zones, the account and a random password.

run "defaults" {
  command = plan

  assert {
    condition = alltrue([
      length(aws_ecs_service.api) == 0,
      length(aws_ecs_task_definition.api) == 0,
      length(aws_ecs_task_definition.migrate) == 0,
      length(aws_appautoscaling_target.api) == 0,
      length(aws_appautoscaling_policy.cpu) == 0,
      length(aws_scheduler_schedule.command) == 0,
    ])
    error_message = "Without an image there must be no task definition, no service, no scaling and no schedule."
  }

  assert {
    condition     = output.service_name == null && output.migrate_command == null && output.image_tag == null && output.migrate_image_tag == null
    error_message = "Without an image, outputs about the image must be null."
  }

  assert {
    condition     = aws_ecr_repository.api.name == "itemsvc-dev" && aws_ecs_cluster.main.name == "itemsvc-dev" && aws_lb.main.name == "itemsvc-dev"
    error_message = "Registry, cluster and load balancer must exist before the first image, with the environment in their names."
  }

  assert {
    condition     = length(aws_subnet.public) == 2 && length(aws_subnet.private) == 2 && length(aws_subnet.database) == 2
    error_message = "There must be three kinds of subnets in two zones."
  }

  assert {
    condition     = length(distinct([for subnet in concat(values(aws_subnet.public), values(aws_subnet.private), values(aws_subnet.database)) : subnet.cidr_block])) == 6
    error_message = "The six subnets must have different address ranges."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch == false])
    error_message = "No subnet may assign public addresses by itself."
  }

  assert {
    condition     = length(aws_nat_gateway.main) == 1 && length(aws_route.nat) == 2 && length(aws_vpc_endpoint.interface) == 0
    error_message = "One NAT gateway serves both zones by default."
  }

  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_flow_log.main.traffic_type == "ALL"
    error_message = "The S3 endpoint and the flow log are always there."
  }

  assert {
    condition = alltrue([
      aws_db_instance.main.publicly_accessible == false,
      aws_db_instance.main.storage_encrypted,
      aws_db_instance.main.engine == "postgres",
      aws_db_instance.main.engine_version == "18",
      aws_db_instance.main.instance_class == "db.t4g.micro",
      aws_db_instance.main.multi_az == false,
      aws_db_instance.main.backup_retention_period == 7,
      aws_db_instance.main.copy_tags_to_snapshot,
      aws_db_instance.main.auto_minor_version_upgrade,
      aws_db_instance.main.allow_major_version_upgrade == false,
      aws_db_instance.main.performance_insights_enabled,
      aws_db_instance.main.skip_final_snapshot,
    ])
    error_message = "The database must be private, encrypted, backed up, PostgreSQL 18, and small in dev."
  }

  assert {
    condition     = aws_db_instance.main.enabled_cloudwatch_logs_exports == toset(["postgresql", "upgrade"])
    error_message = "The database's logs go to CloudWatch."
  }

  assert {
    condition     = aws_cloudwatch_log_group.insights.name == "/aws/ecs/containerinsights/itemsvc-dev/performance" && toset([for group in aws_cloudwatch_log_group.database : group.name]) == toset(["/aws/rds/instance/itemsvc-dev/postgresql", "/aws/rds/instance/itemsvc-dev/upgrade"])
    error_message = "The log groups that AWS would create itself must be Terraform's, or they would stay."
  }

  assert {
    condition = { for parameter in aws_db_parameter_group.main.parameter : parameter.name => parameter.value } == {
      "rds.force_ssl"                       = "1"
      "max_connections"                     = "80"
      "statement_timeout"                   = "60000"
      "idle_in_transaction_session_timeout" = "60000"
      "log_min_duration_statement"          = "1000"
      "log_statement"                       = "ddl"
    }
    error_message = "The parameter group must force TLS and limit connections, statements and idle transactions."
  }

  # The database's route table has no route: the resource has no `route`, and no aws_route names it.
  assert {
    condition     = length(aws_route_table_association.database) == 2
    error_message = "Both database subnets must use the route table without routes."
  }

  assert {
    condition     = aws_db_instance.main.password == null && aws_db_instance.main.password_wo_version == 1
    error_message = "The database's password must only come through password_wo."
  }

  assert {
    condition     = aws_db_instance.main.manage_master_user_password == null
    error_message = "RDS must not rotate the password by itself: running tasks would keep the old one."
  }

  assert {
    condition = alltrue([
      aws_lb.main.internal == false,
      aws_lb.main.idle_timeout == 60,
      aws_lb.main.drop_invalid_header_fields,
      aws_lb.main.enable_deletion_protection == false,
      length(aws_s3_bucket.access_logs) == 0,
      length(aws_wafv2_web_acl.main) == 0,
    ])
    error_message = "The load balancer must have its defaults."
  }

  assert {
    condition     = aws_lb_target_group.api.health_check[0].path == "/health" && aws_lb_target_group.api.health_check[0].matcher == "200" && aws_lb_target_group.api.deregistration_delay == "30"
    error_message = "The health check must use /health, and deregistration must take 30 s."
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "forward" && length(aws_lb_listener.https) == 0
    error_message = "Without a certificate, port 80 must forward."
  }

  assert {
    condition = alltrue([
      aws_ecr_repository.api.image_tag_mutability == "IMMUTABLE",
      aws_ecr_repository.api.image_scanning_configuration[0].scan_on_push,
      aws_ecr_repository.api.encryption_configuration[0].encryption_type == "KMS",
      aws_ecr_repository.api.force_delete,
    ])
    error_message = "The registry must have immutable tags, scan and encrypt images, and in dev be destroyable with its images."
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.api.policy).rules[1].selection == { tagStatus = "tagged", tagPatternList = ["*"], countType = "imageCountMoreThan", countNumber = 50 }
    error_message = "The last 50 releases must be kept, whatever else a push leaves in the registry."
  }

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.metric)) == toset([
      "latency-p95", "latency-p99", "refusals", "unhealthy-hosts", "balancer-5xx", "service-cpu", "service-memory",
      "database-cpu", "database-storage", "database-connections", "database-memory",
    ])
    error_message = "There must be one alarm for each metric, beside those for the error rate and missing tasks."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["database-connections"].threshold == 44
    error_message = "The connection alarm's threshold must be the number that a roll-out can need: 2 x 3 x 1 x 4 + 20."
  }

  # The metrics' names and dimensions are those of itemsvc/observability/emf.py.
  assert {
    condition = alltrue([
      aws_cloudwatch_metric_alarm.metric["latency-p99"].namespace == "itemsvc",
      aws_cloudwatch_metric_alarm.metric["latency-p99"].metric_name == "Latency",
      aws_cloudwatch_metric_alarm.metric["latency-p99"].extended_statistic == "p99",
      aws_cloudwatch_metric_alarm.metric["latency-p99"].dimensions == tomap({ Service = "itemsvc-dev" }),
      toset(flatten([for query in aws_cloudwatch_metric_alarm.service_error_rate[0].metric_query : [for metric in query.metric : metric.metric_name]])) == toset(["Requests", "ServerErrors"]),
    ])
    error_message = "The service's own error rate and p99 must raise alarms."
  }

  assert {
    condition     = length(aws_cognito_user_pool.main) == 0 && length(aws_iam_role_policy.tracing) == 0
    error_message = "No user pool and no traces unless asked for."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "By default no alarm may send e-mail."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.deployment_failed.event_pattern).detail.eventName == ["SERVICE_DEPLOYMENT_FAILED"]
    error_message = "A failed deployment must raise an event."
  }
}

# A deploy migrates before it rolls out, so the migrate task's image may be newer than the service's.
run "migrate_image_alone" {
  command = plan

  variables {
    migrate_image_tag = "3f2a9c1d7e5b"
  }

  assert {
    condition     = length(aws_ecs_task_definition.migrate) == 1 && length(aws_ecs_service.api) == 0
    error_message = "migrate_image_tag alone must make the migrate task and no service."
  }
}
