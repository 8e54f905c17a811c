# A plain `terraform apply` after a deploy, without the variables that the deploy command passes.

override_data {
  target = data.aws_ssm_parameters_by_path.deployed_tags
  values = {
    names  = ["/itemsvc/dev/deploy/tags/image_tag", "/itemsvc/dev/deploy/tags/migrate_image_tag"]
    values = ["3f2a9c1d7e5b", "9d8c7b6a5f4e"]
  }
}

run "it_keeps_what_runs" {
  command = plan

  assert {
    condition     = length(aws_ecs_service.api) == 1 && output.image_tag == "3f2a9c1d7e5b" && output.migrate_image_tag == "9d8c7b6a5f4e"
    error_message = "Without a tag, the tags of the last deploy must stay."
  }

  assert {
    condition     = data.aws_ssm_parameters_by_path.deployed_tags.path == "/itemsvc/dev/deploy/tags"
    error_message = "The tags are where the deploy command writes them."
  }
}

run "a_variable_decides" {
  command = plan

  variables {
    image_tag = "aaaaaaaaaaaa"
  }

  assert {
    condition     = output.image_tag == "aaaaaaaaaaaa" && output.migrate_image_tag == "aaaaaaaaaaaa"
    error_message = "A given tag must be used."
  }
}

run "the_service_goes_only_when_told" {
  command = plan

  variables {
    service_enabled = false
  }

  assert {
    condition     = length(aws_ecs_service.api) == 0 && output.image_tag == null && length(aws_ecs_task_definition.migrate) == 1
    error_message = "service_enabled = false must remove the service alone."
  }

  assert {
    condition     = length(aws_scheduler_schedule.command) == 0
    error_message = "Without a service nothing may run on a schedule."
  }
}
