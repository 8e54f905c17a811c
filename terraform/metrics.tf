# Where the metrics of alarms and dashboard are.

locals {
  alb_dimensions    = { LoadBalancer = aws_lb.main.arn_suffix }
  target_dimensions = { LoadBalancer = aws_lb.main.arn_suffix, TargetGroup = aws_lb_target_group.api.arn_suffix }
  ecs_dimensions    = { ClusterName = local.name, ServiceName = "${local.name}-api" }
  # The service's own metrics. OTEL_SERVICE_NAME separates the environments.
  has_metrics        = var.metrics == "emf"
  metrics_namespace  = "itemsvc"
  service_dimensions = { Service = local.name }

  db_dimensions = { DBInstanceIdentifier = aws_db_instance.main.identifier }
}
