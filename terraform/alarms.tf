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
