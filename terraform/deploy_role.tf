# The role of the deploy workflow (optional). The workflow signs in with GitHub's identity token instead of a stored
# key, for one environment of one repository.
#
# A deploy runs `terraform apply` with new image tags, pushes an image and runs a one-off task. So the role may read
# what Terraform refreshes, and write only what a new image changes. It may not change the network, the database,
# roles or secrets. An apply with such a change fails; a person with more rights has to run it.
#
# The role can read this environment's secrets. A deploy needs that: Terraform's refresh reads each secret's version.
# A role that may run any command in a task with these secrets could read them anyway.

locals {
  has_deploy_role = var.github_repository != null
  github_issuer   = "token.actions.githubusercontent.com"

  iam_prefix = "arn:${local.partition}:iam::${local.account_id}"
  # An account can have one, so terraform/bootstrap makes it and no environment does.
  github_provider = "${local.iam_prefix}:oidc-provider/${local.github_issuer}"
  task_roles      = [for role in [aws_iam_role.execution, aws_iam_role.task, aws_iam_role.migrate] : role.arn]
  secret_ids      = "${local.arn_prefix.secretsmanager}:secret:${local.name}/*"
  families        = [for family in concat(["command", "migrate"], local.services) : "${local.arn_prefix.ecs}:task-definition/${local.name}-${family}:*"]
  services        = concat(["api"], var.worker_command == null ? [] : ["worker"])
  service_ids     = [for service in local.services : "${local.arn_prefix.ecs}:service/${local.name}/${local.name}-${service}"]
  cluster_id      = "${local.arn_prefix.ecs}:cluster/${local.name}"
  task_ids        = "${local.arn_prefix.ecs}:task/${local.name}/*"
  log_groups      = "${local.arn_prefix.logs}:log-group"
  bucket_arn      = "arn:${local.partition}:s3:::${coalesce(var.state_bucket, "none")}"
  # The state of the workspace default has the key itself, that of any other a prefix (Terraform's S3 back end).
  state_arn = "${local.bucket_arn}/${var.environment == "dev" ? "" : "env:/${var.environment}/"}${var.state_key}"
}

resource "aws_iam_role" "deploy" {
  #checkov:skip=CKV_AWS_393:The subject is one environment of one repository, to the letter; checkov does not know the variable.
  count = local.has_deploy_role ? 1 : 0

  name                 = "${local.name}-deploy"
  description          = "The deploy workflow of ${var.github_repository}, environment ${local.github_environment}"
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
          "${local.github_issuer}:sub" = "repo:${var.github_repository}:environment:${local.github_environment}"
        }
      }
    }]
  })

  lifecycle {
    precondition {
      condition     = var.state_bucket != null
      error_message = "github_repository needs state_bucket: a workflow's machine keeps no files, so the Terraform state must be in S3 (backend.tf.example)."
    }
  }
}

locals {
  github_environment = coalesce(var.github_environment, var.environment)

  deploy_write_statements = [
    {
      Sid    = "PushImage"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:ListImages", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Resource = [aws_ecr_repository.api.arn]
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
      Resource = concat(local.service_ids, ["${local.arn_prefix.ecs}:service-deployment/${local.name}/*", "${local.arn_prefix.ecs}:service-revision/${local.name}/*"])
    },
    {
      Sid       = "RunOneOffTasks"
      Effect    = "Allow"
      Action    = "ecs:RunTask"
      Resource  = "${local.arn_prefix.ecs}:task-definition/${local.name}-migrate:*"
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
      Resource  = local.task_roles
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    {
      Sid    = "FirstDeployMakesItScale"
      Effect = "Allow"
      Action = [
        "application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource",
      ]
      Resource = "arn:${local.partition}:application-autoscaling:${var.region}:${local.account_id}:scalable-target/*"
    },
    {
      # Target tracking creates alarms with names of its own.
      Sid      = "ScalingAlarms"
      Effect   = "Allow"
      Action   = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"]
      Resource = "${local.arn_prefix.cloudwatch}:alarm:TargetTracking-service/${local.name}/*"
    },
    {
      Sid      = "FirstDeployMakesItsAlarm"
      Effect   = "Allow"
      Action   = ["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"]
      Resource = "${local.arn_prefix.cloudwatch}:alarm:${local.name}-no-healthy-host"
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
      Resource = ["${local.log_groups}:/${var.name}/${var.environment}/app", "${local.log_groups}:/${var.name}/${var.environment}/app:*"]
    },
    {
      Sid       = "DecryptSecrets"
      Effect    = "Allow"
      Action    = "kms:Decrypt"
      Resource  = aws_kms_key.main.arn
      Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
    },
    {
      # The deploy lock and the record of releases.
      Sid      = "RememberDeploys"
      Effect   = "Allow"
      Action   = ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:PutParameter"]
      Resource = ["${local.arn_prefix.ssm}:parameter/${var.name}/${var.environment}/deploy", "${local.arn_prefix.ssm}:parameter/${var.name}/${var.environment}/deploy/*"]
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
      Resource = local.bucket_arn
    },
  ]

  deploy_policies = { for name, statements in merge(local.deploy_read_statements, { write = local.deploy_write_statements }) :
    name => jsonencode({ Version = "2012-10-17", Statement = statements })
  }
}

# The inline policies of a role may have only 10,240 characters together, so these are managed policies. Each of them may
# have 6,144.
resource "aws_iam_policy" "deploy" {
  #checkov:skip=CKV_AWS_355:The actions on "*" are reads and RegisterTaskDefinition, which take no resource, or ListTasks under a condition.
  #checkov:skip=CKV_AWS_290:The other writes name this environment's resources; application-autoscaling ARNs are numbered by AWS.
  for_each = { for name, statements in local.deploy_policies : name => statements if local.has_deploy_role }

  name        = "${local.name}-deploy-${each.key}"
  description = "What a deploy of ${local.name} may do: ${each.key}"
  policy      = each.value
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = aws_iam_policy.deploy

  role       = aws_iam_role.deploy[0].name
  policy_arn = each.value.arn
}
