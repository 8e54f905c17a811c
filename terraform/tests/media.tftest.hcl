# The optional bucket for files.

override_resource {
  target          = aws_kms_key.main
  override_during = plan
  values          = { arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
}

override_resource {
  target          = aws_ecr_repository.api
  override_during = plan
  values = {
    arn            = "arn:aws:ecr:us-east-1:123456789012:repository/itemsvc-dev"
    repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/itemsvc-dev"
  }
}

override_resource {
  target          = aws_cloudwatch_log_group.app
  override_during = plan
  values          = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/itemsvc/dev/app" }
}

override_resource {
  target          = aws_secretsmanager_secret.database_url
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/database-url-AbCdEf" }
}

override_resource {
  target          = aws_secretsmanager_secret.service_database_url
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/service-database-url-a-AbCdEf" }
}

override_resource {
  target          = module.credentials.aws_secretsmanager_secret.secret_key
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:itemsvc-dev/secret-key-AbCdEf" }
}

override_resource {
  target          = aws_lb.main
  override_during = plan
  values = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/itemsvc-dev/0123456789abcdef"
    arn_suffix = "app/itemsvc-dev/0123456789abcdef"
    dns_name   = "itemsvc-dev-1.us-east-1.elb.amazonaws.com"
  }
}

override_resource {
  target          = aws_iam_role.execution
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-execution", id = "itemsvc-dev-execution" }
}

override_resource {
  target          = aws_iam_role.task
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-task", id = "itemsvc-dev-task" }
}

override_resource {
  target          = aws_iam_role.migrate
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/itemsvc-dev-migrate", id = "itemsvc-dev-migrate" }
}

variables {
  image_tag          = "3f2a9c1d7e5b"
  worker_command     = ["python", "manage.py", "work"]
  media_enabled      = true
  media_cors_origins = ["https://app.example.com"]
}

run "off_by_default" {
  command = plan

  variables {
    media_enabled      = false
    media_cors_origins = []
  }

  assert {
    condition     = length(aws_s3_bucket.media) == 0 && length(aws_s3_bucket_policy.media) == 0 && length(aws_s3_bucket_cors_configuration.media) == 0 && length(aws_iam_role_policy.media) == 0 && output.media_bucket == null
    error_message = "Without media_enabled there must be no bucket, and no right to one."
  }

  assert {
    condition = alltrue([for definition in [aws_ecs_task_definition.api[0], aws_ecs_task_definition.command[0], aws_ecs_task_definition.migrate[0], aws_ecs_task_definition.worker[0]] :
      length([for pair in jsondecode(definition.container_definitions)[0].environment : pair if contains(["AWS_DEFAULT_REGION", "MEDIA_BUCKET"], pair.name)]) == 0
    ])
    error_message = "Without media_enabled no task must be told of a bucket."
  }
}

run "private" {
  command = plan

  assert {
    condition     = aws_s3_bucket.media[0].bucket == "itemsvc-dev-media-123456789012-us-east-1" && output.media_bucket == aws_s3_bucket.media[0].bucket
    error_message = "The bucket's name must have the environment, the account and the region."
  }

  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.media : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "Nothing in the bucket may be public."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.media[0].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Files must have no access lists."
  }

  assert {
    condition = [for rule in aws_s3_bucket_server_side_encryption_configuration.media[0].rule : {
      key    = rule.apply_server_side_encryption_by_default[0].kms_master_key_id
      kind   = rule.apply_server_side_encryption_by_default[0].sse_algorithm
      shared = rule.bucket_key_enabled
    }] == [{ key = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000", kind = "aws:kms", shared = true }]
    error_message = "Files must be encrypted with the environment's key."
  }

  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.media[0].policy).Statement : [statement.Effect, statement.Principal, statement.Condition.Bool["aws:SecureTransport"]]] == [["Deny", "*", "false"]]
    error_message = "The bucket's policy must refuse plain HTTP, and grant nothing."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_cors_configuration.media[0].cors_rule : [tolist(rule.allowed_origins), sort(rule.allowed_methods)]] == [[tolist(["https://app.example.com"]), tolist(["GET", "HEAD", "POST"])]]
    error_message = "Only the pages of media_cors_origins may use the bucket, and only to read files and to send forms."
  }
}

run "restorable" {
  command = plan

  variables {
    db_backup_retention_days = 20
  }

  assert {
    condition     = aws_s3_bucket_versioning.media[0].versioning_configuration[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.media[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 20
    error_message = "An old version of a file must stay as long as the database's backups reach back."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.media[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 1
    error_message = "The parts of an upload that broke off must go."
  }

  assert {
    condition     = aws_s3_bucket.media[0].force_destroy
    error_message = "Without a last snapshot, down must remove the files with the database."
  }
}

run "kept_like_the_last_snapshot" {
  command = plan

  variables {
    db_final_snapshot = true
  }

  assert {
    condition     = !aws_s3_bucket.media[0].force_destroy
    error_message = "With a last snapshot, nothing must remove the files that its rows refer to."
  }
}

run "for_the_tasks_alone" {
  command = plan

  assert {
    condition     = { for role, policy in aws_iam_role_policy.media : role => policy.role } == { task = "itemsvc-dev-task", migrate = "itemsvc-dev-migrate" }
    error_message = "The service, the worker and one-off tasks must have the policy, and no other role."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.media["task"].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      Files        = [["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], "arn:aws:s3:::itemsvc-dev-media-123456789012-us-east-1/*"]
      FindFiles    = ["s3:ListBucket", "arn:aws:s3:::itemsvc-dev-media-123456789012-us-east-1"]
      EncryptFiles = [["kms:Decrypt", "kms:GenerateDataKey"], "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"]
    }
    error_message = "The tasks may read, write, delete and find files in this bucket, and use its key."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.media["task"].policy).Statement : statement.Condition.StringEquals if statement.Sid == "EncryptFiles"] == [{ "kms:ViaService" = "s3.us-east-1.amazonaws.com" }]
    error_message = "The tasks must use the key through S3 alone."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.execution.policy, "s3:") && aws_iam_role_policy.media["migrate"].policy == aws_iam_role_policy.media["task"].policy
    error_message = "ECS itself must have no right to the files."
  }

  assert {
    condition = alltrue([for definition in [aws_ecs_task_definition.api[0], aws_ecs_task_definition.command[0], aws_ecs_task_definition.migrate[0], aws_ecs_task_definition.worker[0]] :
      { for pair in jsondecode(definition.container_definitions)[0].environment : pair.name => pair.value if contains(["AWS_DEFAULT_REGION", "MEDIA_BUCKET"], pair.name) } ==
      { AWS_DEFAULT_REGION = "us-east-1", MEDIA_BUCKET = "itemsvc-dev-media-123456789012-us-east-1" }
    ])
    error_message = "Every task must know the bucket and its region."
  }
}

run "refused_origins" {
  command = plan

  variables {
    media_cors_origins = ["https://*.example.com/"]
  }

  expect_failures = [var.media_cors_origins]
}

run "refused_origins_without_a_bucket" {
  command = plan

  variables {
    media_enabled = false
  }

  expect_failures = [var.media_cors_origins]
}
