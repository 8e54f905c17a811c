# Alarms that AWS must be able to raise and deliver.

override_resource {
  target          = aws_sns_topic.alarms
  override_during = plan
  values          = { arn = "arn:aws:sns:us-east-1:123456789012:itemsvc-dev-alarms" }
}

run "a_total_outage" {
  command = plan

  variables {
    image_tag = "3f2a9c1d7e5b"
  }

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.no_healthy_host : alltrue([
      alarm.metric_name == "HealthyHostCount",
      alarm.comparison_operator == "LessThanThreshold",
      alarm.threshold == 1,
      alarm.treat_missing_data == "breaching",
    ])]) && length(aws_cloudwatch_metric_alarm.no_healthy_host) == 1
    error_message = "Without a healthy task, and without any data, an alarm must be raised."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["balancer-5xx"].metric_name == "HTTPCode_ELB_5XX_Count" && aws_cloudwatch_metric_alarm.metric["balancer-5xx"].statistic == "Sum"
    error_message = "The load balancer's own 5xx must raise an alarm."
  }

  # RequestCount counts only requests for which there was a target.
  assert {
    condition     = endswith([for query in aws_cloudwatch_metric_alarm.error_rate.metric_query : query.expression if query.id == "rate"][0], "/ (FILL(requests, 0) + FILL(balancer, 0)), 0)")
    error_message = "The error rate must count requests without a target."
  }
}

run "a_database_that_lives_on_borrowed_cpu" {
  command = plan

  assert {
    condition     = [for alarm in aws_cloudwatch_metric_alarm.database_credits : "${alarm.metric_name} ${alarm.comparison_operator} ${alarm.period}"] == ["CPUSurplusCreditBalance GreaterThanThreshold 300"]
    error_message = "A burstable class must have an alarm on its CPU credits, which RDS sends every five minutes."
  }
}

run "a_database_with_its_own_cpu" {
  command = plan

  variables {
    db_instance_class = "db.m7g.large"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.database_credits) == 0
    error_message = "Other classes have no credits."
  }
}

run "events_reach_the_topic" {
  command = plan

  # EventBridge sends neither aws:SourceAccount nor aws:SourceArn to an encrypted topic and its key.
  assert {
    condition = alltrue([for policy in [aws_sns_topic_policy.alarms.policy, aws_kms_key.main.policy] : alltrue([
      [for statement in jsondecode(policy).Statement : can(statement.Condition) if statement.Principal == { Service = "events.amazonaws.com" }] == [false],
      [for statement in jsondecode(policy).Statement : can(statement.Condition) if statement.Principal == { Service = "cloudwatch.amazonaws.com" }] == [true],
    ])])
    error_message = "EventBridge must reach the topic without a condition, CloudWatch with one."
  }
}
