# A small stack with the outputs of terraform/: a registry, a cluster, two task definitions and a service. A script
# makes them, so that an apply takes a second and needs no provider. The rehearsal deploys the real terraform/.

terraform {
  required_version = ">= 1.11"
}

locals {
  name        = "${var.name}-${var.environment}"
  repository  = "000000000000.dkr.ecr.${var.region}.amazonaws.com/${local.name}"
  migrate_tag = try(coalesce(var.migrate_image_tag, var.image_tag), null)
  revisions   = "${abspath(path.module)}/.revisions"

  environment = {
    NAME         = local.name
    LOG_GROUP    = "/${var.name}/${var.environment}/app"
    REGION       = var.region
    REPOSITORY   = local.repository
    REVISIONS    = local.revisions
    SUBNETS      = join(",", var.subnet_ids)
    TARGET_GROUP = coalesce(var.target_group_arn, "none")
  }
}

resource "terraform_data" "base" {
  input = local.environment

  provisioner "local-exec" {
    command     = "python3 '${abspath(path.module)}/make.py' base"
    environment = self.input
  }
}

resource "terraform_data" "migrate" {
  count            = local.migrate_tag == null ? 0 : 1
  triggers_replace = [local.migrate_tag]

  provisioner "local-exec" {
    command     = "python3 '${abspath(path.module)}/make.py' migrate ${self.triggers_replace[0]} ${self.id}"
    environment = terraform_data.base.output
  }
}

resource "terraform_data" "api" {
  count            = var.image_tag == null || !var.service_enabled ? 0 : 1
  triggers_replace = [var.image_tag]

  provisioner "local-exec" {
    command     = "${var.fault} && python3 '${abspath(path.module)}/make.py' api ${self.triggers_replace[0]} ${self.id}"
    environment = terraform_data.base.output
  }
}

resource "terraform_data" "worker" {
  count            = var.worker ? length(terraform_data.api) : 0
  triggers_replace = terraform_data.api[0].triggers_replace

  provisioner "local-exec" {
    command     = "python3 '${abspath(path.module)}/make.py' worker ${self.triggers_replace[0]} ${self.id}"
    environment = terraform_data.base.output
  }
}
