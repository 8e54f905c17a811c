terraform {
  # Write-only arguments keep passwords out of the state. Terraform has them since 1.11.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
