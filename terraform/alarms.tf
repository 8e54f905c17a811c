# The alarms: first those on one metric each, then those on several.

locals {
  db_memory_bytes = lookup(local.db_class_memory, var.db_instance_class, 0) * pow(1024, 3)

  # Alarms on one metric each. The condition must hold for `minutes`. Missing data raises no alarm, because before the
  # first deploy there is none.
  metric_alarms = merge(local.platform_alarms, local.worker_alarms, { for name, alarm in local.service_alarms : name => alarm if local.has_metrics })

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

  worker_alarms = { for name, alarm in {
    worker-memory = {
      description = "The worker's tasks use much memory: at 100 % the kernel kills them"
      namespace   = "AWS/ECS", metric = "MemoryUtilization", dimensions = local.worker_dimensions
      statistic   = "Maximum", percentile = null, above = true, threshold = 85, minutes = 5
    }
  } : name => alarm if var.worker_command != null }

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

moved {
  from = aws_cloudwatch_metric_alarm.running_below_desired
  to   = aws_cloudwatch_metric_alarm.running_below_desired["running"]
}

resource "aws_cloudwatch_metric_alarm" "running_below_desired" {
  for_each = merge({ running = local.ecs_dimensions }, var.worker_command == null ? {} : { worker = local.worker_dimensions })

  alarm_name          = "${local.name}-${each.key}-below-desired"
  alarm_description   = "Fewer tasks of ${each.value.ServiceName} run than desired, for ten minutes"
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
        dimensions  = each.value
        period      = 60
        stat        = "Average"
      }
    }
  }
}

# --- alarms with another period, or for which missing data is bad ---

# Without any target there is no data, so here missing data is bad. The alarm comes with the service: before it there is
# nothing to be healthy.
resource "aws_cloudwatch_metric_alarm" "no_healthy_host" {
  count = local.has_service ? 1 : 0

  alarm_name          = "${local.name}-no-healthy-host"
  alarm_description   = "No task serves: every request fails"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HealthyHostCount"
  dimensions          = local.target_dimensions
  statistic           = "Maximum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# RDS runs its burstable classes in unlimited mode: without credits the instance borrows some, and AWS bills what it does
# not pay back within a day. RDS sends these metrics every five minutes.
resource "aws_cloudwatch_metric_alarm" "database_credits" {
  count = startswith(var.db_instance_class, "db.t") ? 1 : 0

  alarm_name          = "${local.name}-database-credits"
  alarm_description   = "The database has used more CPU than ${var.db_instance_class} earns, for an hour. AWS will bill it: take a larger class"
  namespace           = "AWS/RDS"
  metric_name         = "CPUSurplusCreditBalance"
  dimensions          = local.db_dimensions
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 30 # minutes of one vCPU; a new instance borrows less while RDS sets it up
  period              = 300
  evaluation_periods  = 12
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
