# environments/prod.tfvars. prod needs its own workspace, so these tests run separately:
#
#   TF_WORKSPACE=prod terraform test -test-directory=tests/prod -var-file=environments/prod.tfvars

variables {
  image_tag       = "3f2a9c1d7e5b"
  certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  domain_names    = ["items.example.com"]
}

run "protected" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.main) == 2 && aws_db_instance.main.multi_az && aws_appautoscaling_target.api[0].min_capacity == 2
    error_message = "NAT, database and service must be in both zones."
  }

  assert {
    condition = alltrue([
      aws_lb.main.enable_deletion_protection,
      aws_db_instance.main.deletion_protection,
      aws_db_instance.main.skip_final_snapshot == false,
      aws_db_instance.main.delete_automated_backups == false,
      aws_db_instance.main.backup_retention_period == 30,
      aws_ecr_repository.api.force_delete == false,
      aws_secretsmanager_secret.database_url.recovery_window_in_days == 30,
    ])
    error_message = "Load balancer, database, images and secrets must be protected."
  }

  assert {
    condition     = length(aws_wafv2_web_acl_association.main) == 1 && length(aws_s3_bucket.access_logs) == 1 && aws_cloudwatch_log_group.app.retention_in_days == 365
    error_message = "There must be a web ACL, access logs, and a year of logs."
  }

  assert {
    condition     = output.name == "itemsvc-prod" && output.url == "https://items.example.com"
    error_message = "Names must contain the environment, and the URL must have its domain."
  }
}

run "the_last_snapshot_is_named" {
  command = plan

  override_resource {
    target          = terraform_data.created
    override_during = plan
    values          = { output = "20261122134837" }
  }

  assert {
    condition     = output.final_snapshot == "itemsvc-prod-final-20261122134837"
    error_message = "The deploy command must know that a snapshot remains, or its key goes."
  }
}

run "the_deploy_role_has_the_state_of_its_workspace" {
  command = plan

  variables {
    github_repository = "example/itemsvc"
    state_bucket      = "example-terraform-state"
  }

  assert {
    condition     = module.deploy_role[0].state_arn == "arn:aws:s3:::example-terraform-state/env:/prod/itemsvc/terraform.tfstate"
    error_message = "A workspace's state has a prefix."
  }
}

run "without_a_certificate_it_warns" {
  command = plan

  variables {
    certificate_arn = null
  }

  expect_failures = [check.https_in_production]
}

run "dev_does_not_belong_here" {
  command = plan

  variables {
    environment = "dev"
  }

  expect_failures = [terraform_data.environment]
}
