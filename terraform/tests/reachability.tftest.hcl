# The allowed connections as one set. Any rule more or less fails.

override_resource {
  target          = aws_security_group.alb
  override_during = plan
  values          = { id = "sg-alb" }
}

override_resource {
  target          = aws_security_group.tasks
  override_during = plan
  values          = { id = "sg-tasks" }
}

override_resource {
  target          = aws_security_group.migrate
  override_during = plan
  values          = { id = "sg-migrate" }
}

override_resource {
  target          = aws_security_group.database
  override_during = plan
  values          = { id = "sg-database" }
}

override_resource {
  target          = aws_security_group.endpoints
  override_during = plan
  values          = { id = "sg-endpoints" }
}

override_resource {
  target          = aws_vpc_endpoint.s3
  override_during = plan
  values          = { prefix_list_id = "pl-s3" }
}

run "with_nat" {
  command = plan

  assert {
    condition = toset([for rule in concat(
      values(aws_vpc_security_group_ingress_rule.alb),
      [aws_vpc_security_group_ingress_rule.tasks_from_alb],
      values(aws_vpc_security_group_ingress_rule.database),
      values(aws_vpc_security_group_ingress_rule.endpoints),
      ) : "${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id)} -> ${rule.security_group_id} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset([
      "0.0.0.0/0 -> sg-alb tcp 80-80",
      "sg-alb -> sg-tasks tcp 8000-8000",
      "sg-tasks -> sg-database tcp 5432-5432",
      "sg-migrate -> sg-database tcp 5432-5432",
    ])
    error_message = "Ingress: world -> alb -> tasks -> database, migrate -> database."
  }

  assert {
    condition = toset([for rule in concat(
      [aws_vpc_security_group_egress_rule.alb_to_tasks],
      values(aws_vpc_security_group_egress_rule.to_database),
      values(aws_vpc_security_group_egress_rule.to_aws),
      values(aws_vpc_security_group_egress_rule.to_endpoints),
      values(aws_vpc_security_group_egress_rule.to_s3),
      ) : "${rule.security_group_id} -> ${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id, rule.prefix_list_id)} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset([
      "sg-alb -> sg-tasks tcp 8000-8000",
      "sg-tasks -> sg-database tcp 5432-5432",
      "sg-migrate -> sg-database tcp 5432-5432",
      "sg-tasks -> 0.0.0.0/0 tcp 443-443",
      "sg-migrate -> 0.0.0.0/0 tcp 443-443",
    ])
    error_message = "Egress: alb -> tasks, tasks and migrate -> database and AWS APIs, nothing else."
  }

  # The database's group has no egress rule: none of the rules above names it.
  assert {
    condition     = length(aws_default_security_group.emptied.ingress) == 0 && length(aws_default_security_group.emptied.egress) == 0
    error_message = "The VPC's default group must be empty."
  }

  assert {
    condition     = aws_db_instance.main.vpc_security_group_ids == toset(["sg-database"])
    error_message = "The database must have only its own group."
  }
}

run "without_nat" {
  command = plan

  variables {
    nat                 = "none"
    allowed_cidr_blocks = ["203.0.113.0/24", "198.51.100.7/32"]
    certificate_arn     = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain_names        = ["items.example.com"]
  }

  assert {
    condition = toset([for rule in concat(
      values(aws_vpc_security_group_ingress_rule.alb),
      [aws_vpc_security_group_ingress_rule.tasks_from_alb],
      values(aws_vpc_security_group_ingress_rule.database),
      values(aws_vpc_security_group_ingress_rule.endpoints),
      ) : "${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id)} -> ${rule.security_group_id} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset([
      "203.0.113.0/24 -> sg-alb tcp 80-80",
      "203.0.113.0/24 -> sg-alb tcp 443-443",
      "198.51.100.7/32 -> sg-alb tcp 80-80",
      "198.51.100.7/32 -> sg-alb tcp 443-443",
      "sg-alb -> sg-tasks tcp 8000-8000",
      "sg-tasks -> sg-database tcp 5432-5432",
      "sg-migrate -> sg-database tcp 5432-5432",
      "sg-tasks -> sg-endpoints tcp 443-443",
      "sg-migrate -> sg-endpoints tcp 443-443",
    ])
    error_message = "Ingress: only the given ranges, and the endpoints for the tasks."
  }

  assert {
    condition = toset([for rule in concat(
      [aws_vpc_security_group_egress_rule.alb_to_tasks],
      values(aws_vpc_security_group_egress_rule.to_database),
      values(aws_vpc_security_group_egress_rule.to_aws),
      values(aws_vpc_security_group_egress_rule.to_endpoints),
      values(aws_vpc_security_group_egress_rule.to_s3),
      ) : "${rule.security_group_id} -> ${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id, rule.prefix_list_id)} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset([
      "sg-alb -> sg-tasks tcp 8000-8000",
      "sg-tasks -> sg-database tcp 5432-5432",
      "sg-migrate -> sg-database tcp 5432-5432",
      "sg-tasks -> sg-endpoints tcp 443-443",
      "sg-migrate -> sg-endpoints tcp 443-443",
      "sg-tasks -> pl-s3 tcp 443-443",
      "sg-migrate -> pl-s3 tcp 443-443",
    ])
    error_message = "Egress: no address range at all; AWS APIs through endpoints."
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
    error_message = "There must be the endpoints that Fargate needs."
  }

  assert {
    condition     = length(aws_nat_gateway.main) == 0 && length(aws_eip.nat) == 0 && length(aws_route.nat) == 0
    error_message = "There must be no NAT gateway and no route to one."
  }
}
