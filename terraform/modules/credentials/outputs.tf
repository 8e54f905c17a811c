output "database_password" {
  description = "The database password as Secrets Manager keeps it."
  value       = ephemeral.aws_secretsmanager_secret_version.database_password.secret_string
  ephemeral   = true
}

output "service_password_a" {
  description = "A new password for the first of the service's two database roles; every run has another."
  value       = ephemeral.aws_secretsmanager_random_password.service_a.random_password
  ephemeral   = true
}

output "service_password_b" {
  description = "A new password for the second of them; every run has another."
  value       = ephemeral.aws_secretsmanager_random_password.service_b.random_password
  ephemeral   = true
}

output "secret_key_arn" {
  description = "ARN of the secret that holds SECRET_KEY. It depends on the value: who has it may start a task."
  value       = aws_secretsmanager_secret.secret_key.arn
  depends_on  = [aws_secretsmanager_secret_version.secret_key]
}
