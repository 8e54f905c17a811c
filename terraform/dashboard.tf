# The dashboard, with the same numbers as the alarms.

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
