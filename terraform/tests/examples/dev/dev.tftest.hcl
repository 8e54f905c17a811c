# examples/dev.tfvars:
#
#   terraform test -test-directory=tests/examples/dev -var-file=examples/dev.tfvars

variables {
  image_tag = "3f2a9c1d7e5b"
}

run "an_internal_tool" {
  command = plan

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.alb : "${rule.cidr_ipv4} ${rule.to_port}"] == ["203.0.113.0/24 80"]
    error_message = "Only the office may reach it, over HTTP."
  }

  assert {
    condition     = aws_appautoscaling_target.api[0].max_capacity == 1 && contains(keys(aws_scheduler_schedule.command), "send-report") && length(aws_sns_topic_subscription.email) == 1
    error_message = "It must have one task, its command and its mail."
  }

  assert {
    condition     = !aws_db_instance.main.deletion_protection && length(aws_wafv2_web_acl_association.main) == 0 && length(aws_s3_bucket.media) == 0
    error_message = "It must have nothing that costs more or stays."
  }
}
