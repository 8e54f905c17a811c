variable "name" {
  description = "Prefix of the secrets' names."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the secrets."
  type        = string
}

variable "recovery_window_days" {
  description = "Days during which a deleted secret can be restored; 0 deletes at once."
  type        = number
}

variable "database_password_version" {
  description = "Raise it to generate a new database password."
  type        = number
}

variable "secret_key_version" {
  description = "Raise it to generate a new SECRET_KEY."
  type        = number
}
