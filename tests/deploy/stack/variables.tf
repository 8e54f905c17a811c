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
  description = "A shell command that the apply of a new image runs: to fail, or to take its time."
  type        = string
  default     = "true"
}
