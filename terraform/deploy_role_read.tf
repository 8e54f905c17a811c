# What the deploy role may read: everything that Terraform refreshes in a deploy, and nothing of an option that is off.

locals {
  scalable_targets = "arn:${local.partition}:application-autoscaling:${var.region}:${local.account_id}:scalable-target/*"
  bucket_arns = concat(
    var.access_logs ? ["arn:${local.partition}:s3:::${local.access_log_bucket}"] : [],
    var.media_enabled ? [local.media_bucket_arn] : [],
  )

  # Reads that support no resource, or whose resource's name is unknown before the read.
  refresh_anything = concat([
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "cloudwatch:DescribeAlarms",
    "ec2:DescribeAddresses",
    "ec2:DescribeAddressesAttribute",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinitions",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "kms:ListAliases",
    "logs:DescribeLogGroups",
    "rds:DescribeDBInstances",
    "rds:DescribeDBParameterGroups",
    "rds:DescribeDBParameters",
    "rds:DescribeDBSubnetGroups",
    "secretsmanager:GetRandomPassword",
    "sts:GetCallerIdentity",
  ], var.create_user_pool ? ["cognito-idp:DescribeUserPoolDomain"] : [], local.has_domain ? ["route53:ListHostedZones"] : [], var.alarm_email == null ? [] : ["sns:GetSubscriptionAttributes"])

  # Reads of this environment's resources, in two policies: one would be too long.
  refresh_running = [
    { actions = ["ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:ListTagsForResource"], resources = [aws_ecr_repository.api.arn] },
    { actions = ["ecs:DescribeClusters"], resources = [local.cluster_id] },
    { actions = ["ecs:DescribeServices"], resources = local.service_ids },
    { actions = ["ecs:ListTagsForResource"], resources = concat([local.cluster_id], local.service_ids, local.families) },
    { actions = ["application-autoscaling:ListTagsForResource"], resources = [local.scalable_targets] },
    {
      actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
      resources = ["${local.iam_prefix}:role/${local.name}-*"]
    },
    { actions = ["iam:GetPolicy", "iam:GetPolicyVersion"], resources = ["${local.iam_prefix}:policy/${local.name}-deploy-*"] },
    {
      actions   = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
      resources = [aws_kms_key.main.arn]
    },
    { actions = ["rds:ListTagsForResource"], resources = ["${local.arn_prefix.rds}:*:${local.name}*"] },
    {
      actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue"]
      resources = [local.secret_ids]
    },
    { actions = ["scheduler:GetSchedule"], resources = ["${local.arn_prefix.scheduler}:schedule/${local.name}/*"] },
    { actions = ["sqs:GetQueueAttributes", "sqs:ListQueueTags"], resources = ["${local.arn_prefix.sqs}:${local.name}-schedules"] },
    { actions = ["scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"], resources = [local.schedule_group_arn] },
  ]

  refresh_around = concat(
    [
      { actions = ["cloudwatch:GetDashboard"], resources = ["arn:${local.partition}:cloudwatch::${local.account_id}:dashboard/${local.name}"] },
      { actions = ["cloudwatch:ListTagsForResource"], resources = ["${local.arn_prefix.cloudwatch}:alarm:${local.name}-*"] },
      {
        actions   = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
        resources = ["${local.arn_prefix.events}:rule/${local.name}-*"]
      },
      { actions = ["logs:ListTagsForResource"], resources = ["${local.log_groups}:*"] },
      {
        actions   = ["sns:GetTopicAttributes", "sns:ListTagsForResource"]
        resources = ["${local.arn_prefix.sns}:${local.name}-alarms*"]
      },
    ],
    var.create_user_pool ? [{
      actions = [
        "cognito-idp:DescribeResourceServer", "cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:GetUserPoolMfaConfig",
      ]
      resources = [aws_cognito_user_pool.main[0].arn]
    }] : [],
    local.has_domain ? [
      {
        actions   = ["acm:DescribeCertificate", "acm:ListTagsForCertificate"]
        resources = ["arn:${local.partition}:acm:${var.region}:${local.account_id}:certificate/*"]
      },
      {
        actions   = ["route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource"]
        resources = ["arn:${local.partition}:route53:::hostedzone/${var.hosted_zone_id}"]
      },
    ] : [],
    var.enable_waf ? [
      {
        actions   = ["wafv2:GetLoggingConfiguration", "wafv2:GetWebACL"]
        resources = ["arn:${local.partition}:wafv2:${var.region}:${local.account_id}:regional/webacl/${local.name}/*"]
      },
      {
        actions = ["wafv2:GetWebACLForResource", "wafv2:ListTagsForResource"]
        resources = [
          "arn:${local.partition}:wafv2:${var.region}:${local.account_id}:regional/*",
          "${local.arn_prefix.elasticloadbalancing}:loadbalancer/app/${local.name}/*",
        ]
      },
    ] : [],
    length(local.bucket_arns) == 0 ? [] : [{
      actions = [
        "s3:GetAccelerateConfiguration", "s3:GetAnalyticsConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
      ]
      resources = local.bucket_arns
    }],
  )

  deploy_read_statements = {
    read-anything = [{ Effect = "Allow", Action = local.refresh_anything, Resource = ["*"] }]
    read-running  = [for read in local.refresh_running : { Effect = "Allow", Action = read.actions, Resource = read.resources }]
    read-around   = [for read in local.refresh_around : { Effect = "Allow", Action = read.actions, Resource = read.resources }]
  }
}
