# examples/prod.tfvars. prod needs its own workspace:
#
#   TF_WORKSPACE=prod terraform test -test-directory=tests/examples/prod -var-file=examples/prod.tfvars

variables {
  image_tag = "3f2a9c1d7e5b"
}

override_data {
  target          = data.aws_route53_zone.main
  override_during = plan
  values          = { name = "example.com" }
}

override_resource {
  target          = aws_acm_certificate.main
  override_during = plan
  values = {
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain_validation_options = [{
      domain_name           = "orders.example.com"
      resource_record_name  = "_0123456789abcdef.orders.example.com."
      resource_record_type  = "CNAME"
      resource_record_value = "_0123456789abcdef.acm-validations.aws."
    }]
  }
}

run "a_public_api" {
  command = plan

  assert {
    condition     = output.url == "https://orders.example.com" && output.oidc_issuer == "https://login.example.com/" && length(aws_wafv2_web_acl_association.main) == 1
    error_message = "It must have its domain, its issuer and a web ACL."
  }

  assert {
    condition     = aws_appautoscaling_target.worker[0].max_capacity == 3 && length(setsubtract(["poll-carriers", "send-invoices"], keys(aws_scheduler_schedule.command))) == 0
    error_message = "It must have a worker and its commands."
  }

  assert {
    condition     = startswith(output.media_bucket, "${output.name}-media-") && length(aws_s3_bucket_cors_configuration.media) == 1 && !aws_s3_bucket.media[0].force_destroy
    error_message = "It must have a bucket that stays."
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.extra) == 2 && length(aws_iam_role_policy.application) == 2
    error_message = "Its tasks must reach the mail relay, and may do what the policy says."
  }

  assert {
    condition     = aws_db_instance.main.deletion_protection && aws_db_instance.main.multi_az && length(module.deploy_role) == 1 && length(aws_sns_topic_subscription.email) == 1
    error_message = "It must be protected, watched, and deployed from GitHub."
  }
}
