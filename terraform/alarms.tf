# Alarms that differ from those in observability.tf by their period or by what missing data means.

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
