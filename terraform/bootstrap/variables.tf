variable "region" {
  description = "AWS region of the state bucket."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "state_bucket" {
  description = "Name of the S3 bucket for the Terraform states. Bucket names are global."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "github" {
  description = "Whether to make GitHub's identity provider, which an account can have once. false where it exists."
  type        = bool
  default     = true
  nullable    = false
}
