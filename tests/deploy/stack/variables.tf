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

variable "service_enabled" {
  type    = bool
  default = true
}

variable "migrate_image_tag" {
  type    = string
  default = null
}

variable "target_group_arn" {
  type    = string
  default = null
}

variable "subnet_ids" {
  type    = list(string)
  default = ["subnet-1"]
}

variable "url" {
  type    = string
  default = "http://stand-in.example"
}

variable "fault" {
  description = "A shell command that runs when a new image is applied, to make the apply fail or take longer."
  type        = string
  default     = "true"
}

variable "worker" {
  type    = bool
  default = false
}
