provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = var.name
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:A new zone sorts last and two are taken; availability_zones pins them.
  state = "available"

  # Local and wavelength zones have neither NAT gateways nor RDS.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  name       = "${var.name}-${var.environment}"
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  # ARNs of what only exists once there is an image are written out, never read from the resource: a policy that
  # referred to the task definition would be "known after apply" in every deploy's plan.
  arn_prefix = { for service in ["ecs", "logs", "sns", "secretsmanager", "ecr", "rds", "elasticloadbalancing", "events", "cloudwatch", "ssm", "scheduler", "cognito-idp"] :
    service => "arn:${local.partition}:${service}:${var.region}:${local.account_id}"
  }
}

# Nothing in AWS: it holds the one condition that is about the run and not about a resource.
resource "terraform_data" "environment" {
  input = var.environment

  lifecycle {
    precondition {
      condition     = terraform.workspace == (var.environment == "dev" ? "default" : var.environment)
      error_message = "environment ${var.environment} belongs to the workspace ${var.environment == "dev" ? "default" : var.environment}, and this is ${terraform.workspace}: select the workspace, or give the variables of the environment."
    }
  }
}

check "https_in_production" {
  assert {
    condition     = var.environment != "prod" || var.certificate_arn != null
    error_message = "prod has no certificate_arn: clients reach it over plain HTTP."
  }
}
