# The role of the deploy workflow. The workflow signs in with GitHub's identity token instead of a stored
# key, for one environment of one repository.
#
# A deploy runs `terraform apply` with new image tags, pushes an image and runs a one-off task. So the role may read
# what Terraform refreshes, and write only what a new image changes. It may not change the network, the database,
# roles or secrets. An apply with such a change fails; a person with more rights has to run it.
#
# The role can read this environment's secrets. A deploy needs that: Terraform's refresh reads each secret's version.
# A role that may run any command in a task with these secrets could read them anyway.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

locals {
  name = "${var.service}-${var.environment}"

  # Many resources exist only after the first image. A policy that read their ARNs from them would be "known after apply"
  # in every deploy's plan, so the ARNs are written out.
  arns = { for service in ["application-autoscaling", "cloudwatch", "ecs", "elasticloadbalancing", "events", "logs", "rds", "scheduler", "secretsmanager", "sns", "sqs", "ssm"] :
    service => "arn:${var.account.partition}:${service}:${var.account.region}:${var.account.id}"
  }
  iam_prefix = "arn:${var.account.partition}:iam::${var.account.id}"

  github_issuer = "token.actions.githubusercontent.com"
  # An account can have one, so terraform/bootstrap makes it and no environment does.
  github_provider = "${local.iam_prefix}:oidc-provider/${local.github_issuer}"

  families         = [for family in concat(["command", "migrate"], var.ecs_services) : "${local.arns.ecs}:task-definition/${local.name}-${family}:*"]
  service_ids      = [for service in var.ecs_services : "${local.arns.ecs}:service/${local.name}/${local.name}-${service}"]
  cluster_id       = "${local.arns.ecs}:cluster/${local.name}"
  task_ids         = "${local.arns.ecs}:task/${local.name}/*"
  scalable_targets = "${local.arns["application-autoscaling"]}:scalable-target/*"
  log_groups       = "${local.arns.logs}:log-group"
  app_log_group    = "${local.log_groups}:/${var.service}/${var.environment}/app"
  parameters       = "${local.arns.ssm}:parameter/${var.service}/${var.environment}/deploy"
  state_bucket     = "arn:${var.account.partition}:s3:::${var.state.bucket}"
  # The state of the workspace default has the key itself, that of any other a prefix (Terraform's S3 back end).
  state_arn = "${local.state_bucket}/${var.environment == "dev" ? "" : "env:/${var.environment}/"}${var.state.key}"
}

resource "aws_iam_role" "deploy" {
  #checkov:skip=CKV_AWS_393:The subject is one environment of one repository, to the letter; checkov does not know the variable.
  name                 = "${local.name}-deploy"
  description          = "The deploy workflow of ${var.github.repository}, environment ${var.github.environment}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.github_provider }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.github_issuer}:aud" = "sts.amazonaws.com"
          "${local.github_issuer}:sub" = "repo:${var.github.repository}:environment:${var.github.environment}"
        }
      }
    }]
  })
}

locals {
  write_statements = [
    {
      Sid    = "PushImage"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:ListImages", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Resource = [var.repository_arn]
    },
    {
      # This action takes no resource. The roles that a revision names are those of PassRole below.
      Sid      = "RegisterRevisions"
      Effect   = "Allow"
      Action   = "ecs:RegisterTaskDefinition"
      Resource = "*"
    },
    {
      Sid      = "TagRevisions"
      Effect   = "Allow"
      Action   = "ecs:TagResource"
      Resource = concat(local.families, local.service_ids, [local.task_ids])
    },
    {
      Sid      = "RollOut"
      Effect   = "Allow"
      Action   = ["ecs:CreateService", "ecs:UpdateService", "ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"]
      Resource = concat(local.service_ids, ["${local.arns.ecs}:service-deployment/${local.name}/*", "${local.arns.ecs}:service-revision/${local.name}/*"])
    },
    {
      Sid       = "RunOneOffTasks"
      Effect    = "Allow"
      Action    = "ecs:RunTask"
      Resource  = "${local.arns.ecs}:task-definition/${local.name}-migrate:*"
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster_id } }
    },
    {
      Sid      = "FollowTasks"
      Effect   = "Allow"
      Action   = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource = local.task_ids
    },
    {
      # ListTasks has container instances as resources, and Fargate has none. A condition names the cluster.
      Sid       = "ListTasks"
      Effect    = "Allow"
      Action    = "ecs:ListTasks"
      Resource  = "*"
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster_id } }
    },
    {
      Sid       = "GiveTasksTheirRoles"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = var.task_role_arns
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    {
      Sid    = "FirstDeployMakesItScale"
      Effect = "Allow"
      Action = [
        "application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource",
      ]
      Resource = local.scalable_targets
    },
    {
      # Target tracking creates alarms with names of its own.
      Sid      = "ScalingAlarms"
      Effect   = "Allow"
      Action   = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"]
      Resource = "${local.arns.cloudwatch}:alarm:TargetTracking-service/${local.name}/*"
    },
    {
      Sid      = "FirstDeployMakesItsAlarm"
      Effect   = "Allow"
      Action   = ["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"]
      Resource = "${local.arns.cloudwatch}:alarm:${local.name}-no-healthy-host"
    },
    {
      Sid      = "FirstDeployMakesSchedules"
      Effect   = "Allow"
      Action   = "scheduler:CreateSchedule"
      Resource = "${local.arns.scheduler}:schedule/${local.name}/*"
    },
    {
      Sid       = "GiveSchedulesTheirRole"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = "${local.iam_prefix}:role/${local.name}-schedule"
      Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
    },
    {
      # Application Auto Scaling needs this role to change the service. It is created once per account.
      Sid       = "FirstScalingOfTheAccount"
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = "${local.iam_prefix}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = "ecs.application-autoscaling.amazonaws.com" } }
    },
    {
      Sid      = "ReadLogs"
      Effect   = "Allow"
      Action   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
      Resource = [local.app_log_group, "${local.app_log_group}:*"]
    },
    {
      Sid       = "DecryptSecrets"
      Effect    = "Allow"
      Action    = "kms:Decrypt"
      Resource  = var.kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.account.region}.amazonaws.com" } }
    },
    {
      # The deploy lock and the record of releases.
      Sid      = "RememberDeploys"
      Effect   = "Allow"
      Action   = ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:PutParameter"]
      Resource = [local.parameters, "${local.parameters}/*"]
    },
    {
      # The bucket holds the other environments' states too.
      Sid      = "State"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = [local.state_arn, "${local.state_arn}.tflock"]
    },
    {
      Sid      = "UnlockState"
      Effect   = "Allow"
      Action   = "s3:DeleteObject"
      Resource = "${local.state_arn}.tflock"
    },
    {
      Sid      = "FindState"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.state_bucket
    },
  ]

  policies = { for name, statements in merge(local.read_statements, { write = local.write_statements }) :
    name => jsonencode({ Version = "2012-10-17", Statement = statements })
  }
}

# The inline policies of a role may have only 10,240 characters together, so these are managed policies. Each of them may
# have 6,144.
resource "aws_iam_policy" "deploy" {
  #checkov:skip=CKV_AWS_355:The actions on "*" are reads and RegisterTaskDefinition, which take no resource, or ListTasks under a condition.
  #checkov:skip=CKV_AWS_290:The other writes name this environment's resources; application-autoscaling ARNs are numbered by AWS.
  for_each = local.policies

  name        = "${local.name}-deploy-${each.key}"
  description = "What a deploy of ${local.name} may do: ${each.key}"
  policy      = each.value
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = aws_iam_policy.deploy

  role       = aws_iam_role.deploy.name
  policy_arn = each.value.arn
}
