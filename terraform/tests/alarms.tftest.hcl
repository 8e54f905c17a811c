# Alarms that AWS must be able to raise and deliver.

override_resource {
  target          = aws_sns_topic.alarms
  override_during = plan
  values          = { arn = "arn:aws:sns:us-east-1:123456789012:itemsvc-dev-alarms" }
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
