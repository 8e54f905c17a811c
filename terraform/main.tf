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
  #checkov:skip=CKV_AWS_394:Only the first two zones are used, and availability_zones can fix them.
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

  # These resources exist only after the first image. A policy that read their ARNs from them would be "known after
  # apply" in every deploy's plan, so the ARNs are written out.
  arn_prefix = { for service in ["ecs", "logs", "sns", "secretsmanager", "ecr", "rds", "elasticloadbalancing", "events", "cloudwatch", "ssm", "scheduler", "sqs", "cognito-idp"] :
    service => "arn:${local.partition}:${service}:${var.region}:${local.account_id}"
  }
}

# This resource creates nothing in AWS. Its conditions check the workspace, and where the state is.
resource "terraform_data" "environment" {
  input = var.environment

  lifecycle {
    precondition {
      condition     = terraform.workspace == (var.environment == "dev" ? "default" : var.environment)
      error_message = "environment ${var.environment} needs the workspace ${var.environment == "dev" ? "default" : var.environment}, and this is ${terraform.workspace}: select the other workspace, or use this environment's tfvars."
    }
    precondition {
      condition     = var.github_repository == null || var.state_bucket != null
      error_message = "github_repository needs state_bucket: a workflow's machine keeps no files, so the Terraform state must be in S3 (backend.tf.example)."
    }
  }
}

check "https_in_production" {
  assert {
    condition     = var.environment != "prod" || local.https
    error_message = "prod has neither domain_name nor certificate_arn: clients reach it over plain HTTP."
  }
}
