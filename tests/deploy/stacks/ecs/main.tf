# The part of terraform/ that a deploy works on, with its outputs: a registry, a cluster, two task definitions and a
# service. The load balancer is the test's: made once, it takes no time in every apply.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.region
}

locals {
  name        = "${var.name}-${var.environment}"
  migrate_tag = try(coalesce(var.migrate_image_tag, var.image_tag), null)
  has_service = var.image_tag != null
  has_migrate = local.migrate_tag != null

  log_options = { awslogs-group = aws_cloudwatch_log_group.app.name, awslogs-region = var.region }
}

resource "aws_ecr_repository" "api" {
  name                 = local.name
  image_tag_mutability = "IMMUTABLE"
}

resource "aws_ecs_cluster" "main" {
  name = local.name
}

resource "aws_cloudwatch_log_group" "app" {
  name = "/${var.name}/${var.environment}/app"
}

resource "aws_ecs_task_definition" "migrate" {
  count = local.has_migrate ? 1 : 0

  family                   = "${local.name}-migrate"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  skip_destroy             = true

  container_definitions = jsonencode([{
    name             = "migrate"
    image            = "${aws_ecr_repository.api.repository_url}:${local.migrate_tag}"
    command          = ["python", "manage.py", "migrate", "--noinput"]
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { awslogs-stream-prefix = "migrate" }) }
  }])
}

resource "aws_ecs_task_definition" "api" {
  count = local.has_service ? 1 : 0

  family                   = "${local.name}-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  skip_destroy             = true

  container_definitions = jsonencode([{
    name             = "api"
    image            = "${aws_ecr_repository.api.repository_url}:${var.image_tag}"
    portMappings     = [{ containerPort = 8000, hostPort = 8000, protocol = "tcp" }]
    environment      = [{ name = "APP_VERSION", value = var.image_tag }]
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { awslogs-stream-prefix = "api" }) }
  }])
}

resource "aws_ecs_service" "api" {
  count = local.has_service ? 1 : 0

  name                               = "${local.name}-api"
  cluster                            = aws_ecs_cluster.main.id
  task_definition                    = aws_ecs_task_definition.api[0].arn
  desired_count                      = 1
  launch_type                        = "FARGATE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  wait_for_steady_state              = false

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets = var.subnet_ids
  }

  load_balancer {
    target_group_arn = var.target_group_arn
    container_name   = "api"
    container_port   = 8000
  }
}

resource "terraform_data" "broken" {
  count = var.broken ? 1 : 0

  provisioner "local-exec" {
    command = "echo the disk is full >&2; exit 1"
  }
}
