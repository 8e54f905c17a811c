output "name" {
  description = "Name of the environment's resources: <name>-<environment>."
  value       = local.name
}

output "environment" {
  description = "Name of the environment."
  value       = var.environment
}

output "region" {
  description = "AWS region."
  value       = var.region
}

output "alb_dns" {
  description = "DNS name of the load balancer."
  value       = aws_lb.main.dns_name
}

output "alb_arn_suffix" {
  description = "Name of the load balancer in CloudWatch's metrics."
  value       = aws_lb.main.arn_suffix
}

output "url" {
  description = "Base URL of the service, without a trailing slash."
  value       = local.url
}

output "ecr_repository_url" {
  description = "Address of the image repository, without a tag."
  value       = aws_ecr_repository.api.repository_url
}

output "ecr_repository_name" {
  description = "Name of the image repository."
  value       = aws_ecr_repository.api.name
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.main.name
}

output "service_name" {
  description = "Name of the ECS service; null until image_tag is set."
  value       = one(aws_ecs_service.api[*].name)
}

output "service_task_definition_arn" {
  description = "ARN of the service's task definition revision; null until image_tag is set."
  value       = one(aws_ecs_task_definition.api[*].arn)
}

output "worker_service_name" {
  description = "Name of the worker's ECS service; null without worker_command."
  value       = one(aws_ecs_service.worker[*].name)
}

output "worker_task_definition_arn" {
  description = "ARN of the worker's task definition revision; null without worker_command."
  value       = one(aws_ecs_task_definition.worker[*].arn)
}

output "container_name" {
  description = "Name of the container in the service's tasks."
  value       = local.container_name
}

output "migrate_task_definition_arn" {
  description = "ARN of the one-off task's task definition revision; null until an image tag is set."
  value       = one(aws_ecs_task_definition.migrate[*].arn)
}

output "migrate_container_name" {
  description = "Name of the container in the one-off task."
  value       = local.migrate_container_name
}

output "migrate_subnet_ids" {
  description = "Subnets of one-off tasks."
  value       = local.migrate_subnet_ids
}

output "migrate_security_group_ids" {
  description = "Security groups of one-off tasks."
  value       = [aws_security_group.migrate.id]
}

output "migrate_command" {
  description = "Shell command that starts the migrations as a one-off task; null until an image tag is set."
  value       = local.migrate_command
}

output "log_group_name" {
  description = "Log group of the service and of one-off tasks. Streams: <prefix>/<container name>/<task id>."
  value       = aws_cloudwatch_log_group.app.name
}

output "service_log_prefix" {
  description = "First part of the names of the service's log streams."
  value       = "api"
}

output "migrate_log_prefix" {
  description = "First part of the names of the one-off tasks' log streams."
  value       = "migrate"
}

output "image_tag" {
  description = "Image tag of the service; null before the first deploy."
  value       = local.image_tag
}

output "migrate_image_tag" {
  description = "Image tag of one-off tasks; null before the first deploy."
  value       = local.has_migrate ? local.migrate_image_tag : null
}

output "db_endpoint" {
  description = "Address and port of the database. Only the tasks can reach it."
  value       = aws_db_instance.main.endpoint
}

output "db_identifier" {
  description = "Identifier of the database instance."
  value       = aws_db_instance.main.identifier
}

output "final_snapshot" {
  description = "Name of the last snapshot that RDS takes before it deletes the database; null without db_final_snapshot."
  # The resource keeps the name when the snapshot is no longer wanted.
  value = var.db_final_snapshot ? aws_db_instance.main.final_snapshot_identifier : null
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the database and its snapshots."
  value       = aws_kms_key.main.arn
}

output "media_bucket" {
  description = "Name of the bucket for files; null without media_enabled."
  value       = one(aws_s3_bucket.media[*].bucket)
}

output "db_connection_budget" {
  description = "Number of connections that a roll-out at max_tasks can need, and the database's limit."
  value       = { needed = local.db_connections_needed, max = local.db_max_connections }
}

output "database_url_secret_arn" {
  description = "ARN of the secret with the service's DATABASE_URL. Its role can change rows, not tables."
  value       = aws_secretsmanager_secret.service_database_url[local.service_role].arn
}

output "migrate_database_url_secret_arn" {
  description = "ARN of the secret with MIGRATE_DATABASE_URL. Its role owns the schema."
  value       = aws_secretsmanager_secret.database_url.arn
}

output "secret_key_secret_arn" {
  description = "ARN of the secret that holds SECRET_KEY."
  value       = module.credentials.secret_key_arn
}

output "oidc_issuer" {
  description = "Issuer of the bearer tokens that the service requires; null when it requires none."
  value       = local.issuer
}

output "oidc_audience" {
  description = "Audience of those tokens; with Cognito, the prefix of their scopes."
  value       = local.audience
}

output "token_endpoint" {
  description = "Token endpoint for machine clients; null without create_user_pool."
  value       = local.token_endpoint
}

output "machine_client_id" {
  description = "Client id of the user pool's machine client; null without create_user_pool."
  value       = one(aws_cognito_user_pool_client.machine[*].id)
}

output "token_command" {
  description = "Shell command that gets a token for the machine client; null without create_user_pool."
  value       = local.token_command
}

output "alarm_topic_arn" {
  description = "SNS topic of all alarms."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.main.dashboard_name
}

output "deploy_role_arn" {
  description = "Role that the GitHub workflow assumes; null without github_repository."
  value       = one(module.deploy_role[*].role_arn)
}
