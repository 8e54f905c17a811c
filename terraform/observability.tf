# Alarms, one topic for them, and a dashboard with the same numbers.

locals {
  alb_dimensions    = { LoadBalancer = aws_lb.main.arn_suffix }
  target_dimensions = { LoadBalancer = aws_lb.main.arn_suffix, TargetGroup = aws_lb_target_group.api.arn_suffix }
  ecs_dimensions    = { ClusterName = local.name, ServiceName = "${local.name}-api" }
  # The service's own metrics. OTEL_SERVICE_NAME separates the environments.
  has_metrics        = var.metrics == "emf"
  metrics_namespace  = "itemsvc"
  service_dimensions = { Service = local.name }

  db_dimensions = { DBInstanceIdentifier = aws_db_instance.main.identifier }

  db_memory_bytes = lookup(local.db_class_memory, var.db_instance_class, 0) * pow(1024, 3)

  # Alarms on one metric each. The condition must hold for `minutes`. Missing data raises no alarm, because before the
  # first deploy there is none.
  metric_alarms = merge(local.platform_alarms, { for name, alarm in local.service_alarms : name => alarm if local.has_metrics })

  # The service's own metrics (itemsvc/observability/emf.py). They exclude the load balancer's queue and network.
  service_alarms = {
    latency-p99 = {
      description = "1 % of the requests take the service longer than ${var.latency_p99_ms} ms"
      namespace   = local.metrics_namespace, metric = "Latency", dimensions = local.service_dimensions
      statistic   = null, percentile = "p99", above = true, threshold = var.latency_p99_ms, minutes = 5
    }
    refusals = {
      description = "The service refuses requests because its request queues are full: too few tasks, or a slow database"
      namespace   = local.metrics_namespace, metric = "Refusals", dimensions = local.service_dimensions
      statistic   = "Sum", percentile = null, above = true, threshold = 0, minutes = 5
    }
  }

  platform_alarms = {
    latency-p95 = {
      description = "5 % of the requests take longer than ${var.latency_p95_seconds} s"
      namespace   = "AWS/ApplicationELB", metric = "TargetResponseTime", dimensions = local.target_dimensions
      statistic   = null, percentile = "p95", above = true, threshold = var.latency_p95_seconds, minutes = 5
    }
    unhealthy-hosts = {
      description = "A task fails the load balancer's health check"
      namespace   = "AWS/ApplicationELB", metric = "UnHealthyHostCount", dimensions = local.target_dimensions
      statistic   = "Maximum", percentile = null, above = true, threshold = 0, minutes = 5
    }
    balancer-5xx = {
      description = "The load balancer itself answers more than 10 requests a minute with 5xx: no task takes them"
      namespace   = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", dimensions = local.alb_dimensions
      statistic   = "Sum", percentile = null, above = true, threshold = 10, minutes = 5
    }
    service-cpu = {
      description = "CPU stays above the target of autoscaling: max_tasks is reached, or more tasks do not help"
      namespace   = "AWS/ECS", metric = "CPUUtilization", dimensions = local.ecs_dimensions
      statistic   = "Average", percentile = null, above = true, threshold = 90, minutes = 10
    }
    service-memory = {
      description = "The tasks use much memory: at 100 % the kernel kills them"
      namespace   = "AWS/ECS", metric = "MemoryUtilization", dimensions = local.ecs_dimensions
      statistic   = "Maximum", percentile = null, above = true, threshold = 85, minutes = 5
    }
    database-cpu = {
      description = "The database uses much CPU"
      namespace   = "AWS/RDS", metric = "CPUUtilization", dimensions = local.db_dimensions
      statistic   = "Average", percentile = null, above = true, threshold = 80, minutes = 15
    }
    database-storage = {
      description = "Less than 10 % of the database's storage is free"
      namespace   = "AWS/RDS", metric = "FreeStorageSpace", dimensions = local.db_dimensions
      statistic   = "Minimum", percentile = null, above = false, threshold = var.db_allocated_storage * pow(1024, 3) / 10, minutes = 5
    }
    database-connections = {
      description = "The database has more connections than a roll-out at max_tasks can need (${local.db_connections_needed}): something leaks them"
      namespace   = "AWS/RDS", metric = "DatabaseConnections", dimensions = local.db_dimensions
      statistic   = "Maximum", percentile = null, above = true, threshold = local.db_connections_needed, minutes = 5
    }
    database-memory = {
      description = "Less than 10 % of the database's memory is freeable"
      namespace   = "AWS/RDS", metric = "FreeableMemory", dimensions = local.db_dimensions
      statistic   = "Average", percentile = null, above = false, threshold = floor(local.db_memory_bytes / 10), minutes = 15
    }
  }
}

# --- where alarms go ------------------------------------------------------------------------------------------------

resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.main.arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      {
        # EventBridge sends no account, so a condition would refuse every event.
        Sid       = "Events"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

# --- alarms ---------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.metric_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  extended_statistic  = each.value.percentile
  comparison_operator = each.value.above ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# RequestCount leaves out the requests for which the load balancer had no target, so they are added.
resource "aws_cloudwatch_metric_alarm" "error_rate" {
  alarm_name          = "${local.name}-5xx-rate"
  alarm_description   = "More than ${var.error_rate_percent} % of the requests get a 5xx response (with at least 20 requests a minute)"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.error_rate_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "rate"
    label       = "5xx, % of requests"
    expression  = "IF(FILL(requests, 0) + FILL(balancer, 0) >= 20, 100 * (FILL(target, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0)), 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      requests = "RequestCount"
      target   = "HTTPCode_Target_5XX_Count"
      balancer = "HTTPCode_ELB_5XX_Count"
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        dimensions  = local.alb_dimensions
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "service_error_rate" {
  count = local.has_metrics ? 1 : 0

  alarm_name          = "${local.name}-service-5xx-rate"
  alarm_description   = "More than ${var.error_rate_percent} % of the service's responses are 5xx (with at least 20 requests a minute)"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.error_rate_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "rate"
    label       = "5xx, % of answers"
    expression  = "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      requests = "Requests"
      errors   = "ServerErrors"
    }

    content {
      id = metric_query.key

      metric {
        namespace   = local.metrics_namespace
        metric_name = metric_query.value
        dimensions  = local.service_dimensions
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "running_below_desired" {
  alarm_name          = "${local.name}-running-below-desired"
  alarm_description   = "Fewer tasks run than desired, for ten minutes"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 10
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "missing"
    label       = "desired - running"
    expression  = "desired - running"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      desired = "DesiredTaskCount"
      running = "RunningTaskCount"
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "ECS/ContainerInsights"
        metric_name = metric_query.value
        dimensions  = local.ecs_dimensions
        period      = 60
        stat        = "Average"
      }
    }
  }
}

# --- failed deployments ---------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "deployment_failed" {
  name        = "${local.name}-deployment-failed"
  description = "The circuit breaker stopped a deployment of ${local.name}"

  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Deployment State Change"]
    resources     = ["${local.arn_prefix.ecs}:service/${local.name}/${local.name}-api"]
    detail        = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
  })
}

resource "aws_cloudwatch_event_target" "deployment_failed" {
  rule      = aws_cloudwatch_event_rule.deployment_failed.name
  target_id = "alarms"
  arn       = aws_sns_topic.alarms.arn

  input_transformer {
    input_paths = {
      deployment = "$.detail.deploymentId"
      reason     = "$.detail.reason"
      time       = "$.time"
    }
    input_template = "\"${local.name}: deployment <deployment> failed at <time>: <reason>\""
  }
}

# --- dashboard ------------------------------------------------------------------------------------------------------

locals {
  dashboard_rows = concat(local.platform_rows, [for row in local.service_rows : row if local.has_metrics])

  by_operation = { for metric, stat in { Requests = "Sum", ServerErrors = "Sum", Latency = "p99" } :
    metric => [[{ id = "routes", expression = "SEARCH('{${local.metrics_namespace},Service,Operation} Service=\"${local.name}\" MetricName=\"${metric}\"', '${stat}', 60)" }]]
  }

  service_rows = [
    [
      { title = "Requests by route", stat = "Sum", metrics = local.by_operation.Requests },
      { title = "5xx by route", stat = "Sum", metrics = local.by_operation.ServerErrors },
      { title = "p99 by route (ms)", stat = "p99", metrics = local.by_operation.Latency },
    ],
    [
      { title = "Answers by status", stat = "Sum", metrics = [for metric in ["Requests", "ClientErrors", "ServerErrors", "Refusals", "SlowRequests"] :
        concat([local.metrics_namespace, metric], local.service_pairs)
      ] },
      { title = "Latency in the service (ms)", stat = "p99", metrics = [for stat in ["p50", "p95", "p99"] :
        concat([local.metrics_namespace, "Latency"], local.service_pairs, [{ stat = stat, label = stat }])
      ] },
      { title = "Database time of a request (ms)", stat = "p99", metrics = [for stat in ["p50", "p95", "p99"] :
        concat([local.metrics_namespace, "DatabaseTime"], local.service_pairs, [{ stat = stat, label = stat }])
      ] },
    ],
    [
      { title = "Requests waiting for a thread", stat = "Maximum", metrics = [concat([local.metrics_namespace, "QueueDepth"], local.service_pairs)] },
      { title = "Connections in use, all tasks", stat = "Sum", metrics = [concat([local.metrics_namespace, "DatabaseConnections"], local.service_pairs)] },
      { title = "Statements", stat = "Sum", metrics = [concat([local.metrics_namespace, "Queries"], local.service_pairs)] },
    ],
    [
      { title = "Given up: refused, overdue, too slow a client, no room", stat = "Sum", metrics = [for metric in ["Refusals", "OverdueRequests", "ClientTimeouts", "Evictions"] :
        concat([local.metrics_namespace, metric], local.service_pairs)
      ] },
    ],
  ]

  platform_rows = [
    [
      { title = "Requests and errors", stat = "Sum", metrics = [
        concat(["AWS/ApplicationELB", "RequestCount"], local.alb_pairs),
        concat(["AWS/ApplicationELB", "HTTPCode_Target_4XX_Count"], local.alb_pairs),
        concat(["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"], local.alb_pairs),
        concat(["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"], local.alb_pairs),
      ] },
      { title = "Latency (s)", stat = "p95", metrics = [
        concat(["AWS/ApplicationELB", "TargetResponseTime"], local.target_pairs, [{ stat = "p50", label = "p50" }]),
        concat(["AWS/ApplicationELB", "TargetResponseTime"], local.target_pairs, [{ stat = "p95", label = "p95" }]),
        concat(["AWS/ApplicationELB", "TargetResponseTime"], local.target_pairs, [{ stat = "p99", label = "p99" }]),
      ] },
      { title = "Hosts", stat = "Maximum", metrics = [
        concat(["AWS/ApplicationELB", "HealthyHostCount"], local.target_pairs),
        concat(["AWS/ApplicationELB", "UnHealthyHostCount"], local.target_pairs),
      ] },
    ],
    [
      { title = "Tasks", stat = "Average", metrics = [
        concat(["ECS/ContainerInsights", "DesiredTaskCount"], local.ecs_pairs),
        concat(["ECS/ContainerInsights", "RunningTaskCount"], local.ecs_pairs),
        concat(["ECS/ContainerInsights", "PendingTaskCount"], local.ecs_pairs),
      ] },
      { title = "Service CPU and memory (%)", stat = "Average", metrics = [
        concat(["AWS/ECS", "CPUUtilization"], local.ecs_pairs),
        concat(["AWS/ECS", "MemoryUtilization"], local.ecs_pairs),
      ] },
      { title = "Database CPU (%)", stat = "Average", metrics = [
        concat(["AWS/RDS", "CPUUtilization"], local.db_pairs),
      ] },
    ],
    [
      { title = "Database connections", stat = "Maximum", metrics = [
        concat(["AWS/RDS", "DatabaseConnections"], local.db_pairs),
      ] },
      { title = "Database free storage and memory (bytes)", stat = "Minimum", metrics = [
        concat(["AWS/RDS", "FreeStorageSpace"], local.db_pairs),
        concat(["AWS/RDS", "FreeableMemory"], local.db_pairs),
      ] },
      { title = "Database latency (s)", stat = "Average", metrics = [
        concat(["AWS/RDS", "ReadLatency"], local.db_pairs),
        concat(["AWS/RDS", "WriteLatency"], local.db_pairs),
      ] },
    ],
  ]

  alb_pairs     = flatten([for name, value in local.alb_dimensions : [name, value]])
  target_pairs  = flatten([for name, value in local.target_dimensions : [name, value]])
  ecs_pairs     = flatten([for name, value in local.ecs_dimensions : [name, value]])
  service_pairs = flatten([for name, value in local.service_dimensions : [name, value]])
  db_pairs      = flatten([for name, value in local.db_dimensions : [name, value]])
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = flatten([for y, row in local.dashboard_rows : [for x, widget in row : {
      type   = "metric"
      x      = x * 8
      y      = y * 6
      width  = 8
      height = 6
      properties = {
        title   = widget.title
        region  = var.region
        view    = "timeSeries"
        period  = 60
        stat    = widget.stat
        metrics = widget.metrics
      }
    }]])
  })
}
