output "name" { value = local.name }
output "environment" { value = var.environment }
output "region" { value = var.region }
output "alb_dns" { value = "stand-in.example" }
output "url" { value = var.url }
output "ecr_repository_url" { value = terraform_data.base.output.REPOSITORY }
output "ecr_repository_name" { value = local.name }
output "cluster_name" { value = local.name }
output "log_group_name" { value = terraform_data.base.output.LOG_GROUP }
output "service_log_prefix" { value = "api" }
output "migrate_log_prefix" { value = "migrate" }
output "container_name" { value = "api" }
output "migrate_container_name" { value = "migrate" }
output "migrate_subnet_ids" { value = var.subnet_ids }
output "migrate_security_group_ids" { value = [] }
output "db_identifier" { value = local.name }
output "image_tag" { value = var.image_tag }
output "migrate_image_tag" { value = local.migrate_tag }
output "service_name" { value = one([for made in terraform_data.api : "${local.name}-api"]) }

# The script writes these files. The id is unknown until the script has run, so Terraform reads the file after that.
output "service_task_definition_arn" {
  value = one([for made in terraform_data.api : file("${local.revisions}/${made.id}")])
}

output "migrate_task_definition_arn" {
  value = one([for made in terraform_data.migrate : file("${local.revisions}/${made.id}")])
}

output "worker_service_name" { value = one([for made in terraform_data.worker : "${local.name}-worker"]) }

output "worker_task_definition_arn" {
  value = one([for made in terraform_data.worker : file("${local.revisions}/${made.id}")])
}
