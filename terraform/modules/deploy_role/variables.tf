variable "service" {
  description = "The first part of every name: that of the service."
  type        = string
}

variable "environment" {
  description = "The second part of every name: that of the environment. dev has Terraform's workspace default."
  type        = string
}

variable "account" {
  description = "The AWS account and region of the environment."
  type = object({
    id        = string
    partition = string
    region    = string
  })
}

variable "github" {
  description = "Whose jobs may take the role: a repository as in its tokens' subjects, and one of its environments."
  type = object({
    repository  = string
    environment = string
  })
}

variable "state" {
  description = "S3 bucket and key of the Terraform state."
  type = object({
    bucket = string
    key    = string
  })
}

variable "ecs_services" {
  description = "The ECS services that a deploy replaces, by the last part of their names."
  type        = list(string)
}

variable "repository_arn" {
  description = "ARN of the image registry's repository."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the environment's key."
  type        = string
}

variable "task_role_arns" {
  description = "ARNs of the roles that a deploy may give to tasks."
  type        = list(string)
}

variable "options" {
  description = "What the environment has beyond the ordinary, so that a deploy refreshes it."
  type = object({
    alarm_email    = bool
    bucket_arns    = list(string)
    hosted_zone_id = optional(string)
    user_pool_arns = list(string)
    web_acl        = bool
  })
}
