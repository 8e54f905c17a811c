# A host name of one's own, from a hosted zone.

variables {
  image_tag      = "3f2a9c1d7e5b"
  domain_name    = "items.example.com"
  hosted_zone_id = "Z0123456789ABCDEFGHIJ"
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
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-1111-1111-1111-111111111111"
    domain_validation_options = [{
      domain_name           = "items.example.com"
      resource_record_name  = "_0123456789abcdef.items.example.com."
      resource_record_type  = "CNAME"
      resource_record_value = "_fedcba9876543210.acm-validations.aws."
    }]
  }
}

override_resource {
  target          = aws_lb.main
  override_during = plan
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/itemsvc-dev/0123456789abcdef"
    arn_suffix = "app/itemsvc-dev/0123456789abcdef"
    dns_name   = "itemsvc-dev-1.us-east-1.elb.amazonaws.com"
    zone_id    = "Z35SXDOTRQ7X7K"
  }
}

override_resource {
  target          = aws_ecr_repository.api
  override_during = plan
  values          = { repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev" }
}

override_resource {
  target          = aws_secretsmanager_secret.service_database_url
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf" }
}

override_resource {
  target          = module.credentials.aws_secretsmanager_secret.secret_key
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf" }
}

run "certificate_records_and_https" {
  command = plan

  assert {
    condition = [aws_route53_record.validation[0].name, aws_route53_record.validation[0].type, one(aws_route53_record.validation[0].records)] == [
      "_0123456789abcdef.items.example.com", "CNAME", "_fedcba9876543210.acm-validations.aws."
    ] && aws_acm_certificate.main[0].validation_method == "DNS"
    error_message = "The certificate must be validated by its record in the zone."
  }

  assert {
    condition     = aws_lb_listener.https[0].certificate_arn == aws_acm_certificate_validation.main[0].certificate_arn && aws_lb_listener.http.default_action[0].type == "redirect"
    error_message = "The listener must wait for that certificate, and HTTP must redirect to HTTPS."
  }

  assert {
    condition = [for alias in aws_route53_record.service[0].alias : [aws_route53_record.service[0].name, aws_route53_record.service[0].type, alias.name, alias.zone_id]] == [
      ["items.example.com", "A", "itemsvc-dev-1.us-east-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K"]
    ]
    error_message = "The name must be an alias of the load balancer."
  }

  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.api[0].container_definitions)[0].environment : variable.name => variable.value if contains(["ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "HTTPS_ONLY"], variable.name) } == {
      ALLOWED_HOSTS        = "itemsvc-dev-1.us-east-1.elb.amazonaws.com,items.example.com"
      CSRF_TRUSTED_ORIGINS = "https://itemsvc-dev-1.us-east-1.elb.amazonaws.com,https://items.example.com"
      HTTPS_ONLY           = "true"
    } && output.url == "https://items.example.com"
    error_message = "The service must serve the name, over HTTPS."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.alb : rule.from_port]) == toset([80, 443])
    error_message = "Clients must reach port 443."
  }
}

run "the_zones_own_name" {
  command = plan

  variables {
    domain_name = "example.com"
  }

  assert {
    condition     = aws_route53_record.service[0].name == "example.com"
    error_message = "The name may be that of the zone."
  }
}

run "a_name_of_another_zone" {
  command = plan

  variables {
    domain_name = "items.badexample.com"
  }

  expect_failures = [aws_acm_certificate.main]
}

run "beside_a_certificate" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [var.domain_name]
}

run "beside_other_names" {
  command = plan

  variables {
    domain_names = ["api.example.com"]
  }

  expect_failures = [var.domain_name]
}

run "without_a_zone" {
  command = plan

  variables {
    hosted_zone_id = null
  }

  expect_failures = [var.hosted_zone_id]
}

run "without_a_name" {
  command = plan

  variables {
    domain_name = null
  }

  expect_failures = [var.hosted_zone_id]
}

run "no_name" {
  command = plan

  variables {
    domain_name = "https://items.example.com"
  }

  expect_failures = [var.domain_name]
}

run "no_zone" {
  command = plan

  variables {
    hosted_zone_id = "example.com"
  }

  expect_failures = [var.hosted_zone_id]
}
