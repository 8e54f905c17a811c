# The role of the deploy workflow (optional).

module "deploy_role" {
  source = "./modules/deploy_role"
  count  = var.github_repository == null ? 0 : 1

  service     = var.name
  environment = var.environment
  account     = { id = local.account_id, partition = local.partition, region = var.region }

  github = { repository = var.github_repository, environment = coalesce(var.github_environment, var.environment) }
  # Without a bucket, a condition in main.tf fails.
  state = { bucket = coalesce(var.state_bucket, "none"), key = var.state_key }

  ecs_services   = local.ecs_services
  repository_arn = aws_ecr_repository.api.arn
  kms_key_arn    = aws_kms_key.main.arn
  task_role_arns = [aws_iam_role.execution.arn, aws_iam_role.task.arn, aws_iam_role.migrate.arn]

  options = {
    alarm_email    = var.alarm_email != null
    hosted_zone_id = local.has_domain ? var.hosted_zone_id : null
    user_pool_arns = aws_cognito_user_pool.main[*].arn
    web_acl        = var.enable_waf
    bucket_arns = concat(
      var.access_logs ? ["arn:${local.partition}:s3:::${local.access_log_bucket}"] : [],
      var.media_enabled ? [local.media_bucket_arn] : [],
    )
  }
}

moved {
  from = aws_iam_role.deploy[0]
  to   = module.deploy_role[0].aws_iam_role.deploy
}

moved {
  from = aws_iam_policy.deploy
  to   = module.deploy_role[0].aws_iam_policy.deploy
}

moved {
  from = aws_iam_role_policy_attachment.deploy
  to   = module.deploy_role[0].aws_iam_role_policy_attachment.deploy
}
