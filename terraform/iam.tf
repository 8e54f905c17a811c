# Roles of the running system. Each policy names its resources. The only AWS managed policy is the one for RDS's
# monitoring.

locals {
  # A whole ARN, with or without the key of a JSON secret.
  secret_arn = "^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}(:[^:*]*:[^:*]*:[^:*]*)?$"

  # The conditions limit each AWS service to resources of this account. Without them, another account could make the
  # service use our role (the confused deputy problem).
  assume = { for service, source in {
    "ecs-tasks"      = "${local.arn_prefix.ecs}:*"
    "monitoring.rds" = null
    "scheduler"      = local.schedule_group_arn
    "vpc-flow-logs"  = null
    } : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "${service}.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = merge(
          { StringEquals = { "aws:SourceAccount" = local.account_id } },
          source == null ? {} : { ArnLike = { "aws:SourceArn" = source } },
        )
      }]
  }) }
}

# --- execution: what ECS does before the container runs -------------------------------------------------------------

resource "aws_iam_role" "execution" {
  name               = "${local.name}-execution"
  description        = "ECS pulls the image, reads the secrets and writes the logs of ${local.name}"
  assume_role_policy = local.assume["ecs-tasks"]
}

resource "aws_iam_role_policy" "execution" {
  name = "start-tasks"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # This action supports no resource.
        Sid      = "RegistryLogin"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = concat([aws_ecr_repository.api.arn], local.collector_repository_arns)
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.app.arn}:*"
      },
      {
        Sid    = "ReadSecrets"
        Effect = "Allow"
        Action = "secretsmanager:GetSecretValue"
        Resource = concat(
          [aws_secretsmanager_secret.database_url.arn, module.credentials.secret_key_arn],
          [for secret in aws_secretsmanager_secret.service_database_url : secret.arn],
          # Without the key of a JSON secret.
          distinct([for arn in values(var.extra_secrets) : join(":", slice(split(":", arn), 0, 7))]),
        )
      },
      {
        Sid       = "DecryptSecrets"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = aws_kms_key.main.arn
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
      },
    ]
  })
}

# --- task and migrate task: what the application may do -------------------------------------------------------------

resource "aws_iam_role" "task" {
  name               = "${local.name}-task"
  description        = "The application of ${local.name} while it serves: it may do what task_policy_json allows"
  assume_role_policy = local.assume["ecs-tasks"]
}

resource "aws_iam_role" "migrate" {
  name               = "${local.name}-migrate"
  description        = "One-off tasks of ${local.name}: they may do what task_policy_json allows"
  assume_role_policy = local.assume["ecs-tasks"]
}

# A scheduled command is the team's code too, so it may do the same as the service.
resource "aws_iam_role_policy" "application" {
  for_each = var.task_policy_json == null ? {} : { task = aws_iam_role.task.id, migrate = aws_iam_role.migrate.id }

  name   = "application"
  role   = each.value
  policy = var.task_policy_json
}

# The permissions of ECS Exec.
resource "aws_iam_role_policy" "execute_command" {
  #checkov:skip=CKV_AWS_290:The ssmmessages actions have no resource types or condition keys.
  #checkov:skip=CKV_AWS_355:The ssmmessages actions take no resource but *.
  count = var.enable_execute_command ? 1 : 0

  name = "execute-command"
  role = aws_iam_role.task.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "ExecuteCommandChannel"
      Effect = "Allow"
      Action = [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ]
      Resource = "*"
    }]
  })
}

# --- flow logs and database monitoring ------------------------------------------------------------------------------

resource "aws_iam_role" "flow_log" {
  name               = "${local.name}-flow-log"
  description        = "VPC flow logs of ${local.name}"
  assume_role_policy = local.assume["vpc-flow-logs"]
}

resource "aws_iam_role_policy" "flow_log" {
  name = "write-flow-log"
  role = aws_iam_role.flow_log.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = "${aws_cloudwatch_log_group.flow.arn}:*"
      },
      {
        # This action lists by prefix, so it takes no single log group.
        Sid      = "FindLog"
        Effect   = "Allow"
        Action   = "logs:DescribeLogGroups"
        Resource = "${local.arn_prefix.logs}:log-group:*"
      },
    ]
  })
}

resource "aws_iam_role" "rds_monitoring" {
  name               = "${local.name}-rds-monitoring"
  description        = "Enhanced monitoring of the database of ${local.name}"
  assume_role_policy = local.assume["monitoring.rds"]
}

resource "aws_iam_role_policy_attachment" "rds_monitoring" {
  role       = aws_iam_role.rds_monitoring.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
