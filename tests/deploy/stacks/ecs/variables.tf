variable "name" {
  type    = string
  default = "stand-in"
}

variable "environment" {
  type = string
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "cpu_architecture" {
  type    = string
  default = "X86_64"
}

variable "image_tag" {
  type    = string
  default = null
}

variable "migrate_image_tag" {
  type    = string
  default = null
}

variable "target_group_arn" {
  type = string
}

variable "subnet_ids" {
  type = list(string)
}

variable "broken" {
  description = "Makes the apply fail half-way."
  type        = bool
  default     = false
}
