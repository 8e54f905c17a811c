output "database_password" {
  description = "The database password from Secrets Manager."
  value       = ephemeral.aws_secretsmanager_secret_version.database_password.secret_string
  ephemeral   = true
}

output "service_password_a" {
  description = "A new password for the first of the service's two database roles. It differs in every run."
  value       = ephemeral.aws_secretsmanager_random_password.service_a.random_password
  ephemeral   = true
}

output "service_password_b" {
  description = "A new password for the second of the service's two database roles. It differs in every run."
  value       = ephemeral.aws_secretsmanager_random_password.service_b.random_password
  ephemeral   = true
}

output "secret_key_arn" {
  description = "ARN of the secret that holds SECRET_KEY. It is known when the secret has its value."
  value       = aws_secretsmanager_secret.secret_key.arn
  depends_on  = [aws_secretsmanager_secret_version.secret_key]
}
