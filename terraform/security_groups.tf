# The allowed connections. Inside the VPC, rules name security groups instead of address ranges.
#
#   world -> alb -> tasks -> database        tasks, migrate -> AWS APIs (443)
#                 migrate -> database           and to extra_egress

locals {
  api_port      = 8000
  database_port = 5432
  alb_ports     = local.https ? [80, 443] : [80]

  alb_ingress = { for pair in setproduct(var.allowed_cidr_blocks, local.alb_ports) :
    "${pair[0]} ${pair[1]}" => { cidr = pair[0], port = pair[1] }
  }

  # Both kinds of task run the same image, but only the service accepts connections.
  task_groups = { tasks = aws_security_group.tasks.id, migrate = aws_security_group.migrate.id }
}

resource "aws_security_group" "alb" {
  name        = "${local.name}-alb"
  description = "Load balancer: reached by allowed_cidr_blocks, reaches the tasks"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-alb" }
}

resource "aws_security_group" "tasks" {
  name        = "${local.name}-tasks"
  description = "Service tasks: reached by the load balancer, reach the database and AWS APIs"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-tasks" }
}

resource "aws_security_group" "migrate" {
  #checkov:skip=CKV2_AWS_5:The deploy command gives it to one-off tasks (output migrate_security_group_ids).
  name        = "${local.name}-migrate"
  description = "One-off tasks: reached by nobody, reach the database and AWS APIs"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-migrate" }
}

resource "aws_security_group" "database" {
  name        = "${local.name}-database"
  description = "Database: reached by the tasks, reaches nobody"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-database" }
}

resource "aws_security_group" "endpoints" {
  count = var.nat == "none" ? 1 : 0

  name        = "${local.name}-endpoints"
  description = "VPC endpoints: reached by the tasks, reach nobody"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-endpoints" }
}

# --- world -> alb -> tasks ----------------------------------------------------------------------------------------

resource "aws_vpc_security_group_ingress_rule" "alb" {
  #checkov:skip=CKV_AWS_260:Port 80 is the public listener; with a certificate it only redirects. Narrow it with allowed_cidr_blocks.
  for_each = local.alb_ingress

  security_group_id = aws_security_group.alb.id
  description       = "Clients"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "alb_to_tasks" {
  security_group_id            = aws_security_group.alb.id
  description                  = "Requests and health checks"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = local.api_port
  to_port                      = local.api_port
}

resource "aws_vpc_security_group_ingress_rule" "tasks_from_alb" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "Requests and health checks"
  referenced_security_group_id = aws_security_group.alb.id
  ip_protocol                  = "tcp"
  from_port                    = local.api_port
  to_port                      = local.api_port
}

# --- tasks -> database --------------------------------------------------------------------------------------------

resource "aws_vpc_security_group_egress_rule" "to_database" {
  for_each = local.task_groups

  security_group_id            = each.value
  description                  = "PostgreSQL"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = local.task_groups

  security_group_id            = aws_security_group.database.id
  description                  = "PostgreSQL from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

# --- tasks -> AWS APIs --------------------------------------------------------------------------------------------

# Through NAT, AWS APIs have public addresses that change. With endpoints, rules can name security groups.
resource "aws_vpc_security_group_egress_rule" "to_aws" {
  for_each = var.nat == "none" ? {} : local.task_groups

  security_group_id = each.value
  description       = "AWS APIs through NAT"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  for_each = var.nat == "none" ? local.task_groups : {}

  security_group_id            = each.value
  description                  = "AWS APIs through endpoints"
  referenced_security_group_id = aws_security_group.endpoints[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  for_each = var.nat == "none" ? local.task_groups : {}

  security_group_id = each.value
  description       = "Image layers through the S3 endpoint"
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = var.nat == "none" ? local.task_groups : {}

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "AWS APIs from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

# --- tasks -> what a team's own code calls ---------------------------------------------------------------------------

resource "aws_vpc_security_group_egress_rule" "extra" {
  for_each = { for pair in setproduct(keys(local.task_groups), var.extra_egress) :
    "${pair[0]} ${pair[1].cidr} ${pair[1].port}" => merge(pair[1], { group = local.task_groups[pair[0]] })
  }

  security_group_id = each.value.group
  description       = each.value.description
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
