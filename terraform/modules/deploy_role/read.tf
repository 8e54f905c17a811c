# What the deploy role may read: everything that Terraform refreshes in a deploy, and nothing of an option that is off.

locals {
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
  ], length(var.options.user_pool_arns) > 0 ? ["cognito-idp:DescribeUserPoolDomain"] : [], var.options.hosted_zone_id != null ? ["route53:ListHostedZones"] : [], var.options.alarm_email ? ["sns:GetSubscriptionAttributes"] : [])

  # Reads of this environment's resources, in two policies: one would be too long.
  refresh_running = [
    { actions = ["ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:ListTagsForResource"], resources = [var.repository_arn] },
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
      resources = [var.kms_key_arn]
    },
    { actions = ["rds:ListTagsForResource"], resources = ["${local.arns.rds}:*:${local.name}*"] },
    {
      actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue"]
      resources = ["${local.arns.secretsmanager}:secret:${local.name}/*"]
    },
    { actions = ["scheduler:GetSchedule"], resources = ["${local.arns.scheduler}:schedule/${local.name}/*"] },
    { actions = ["sqs:GetQueueAttributes", "sqs:ListQueueTags"], resources = ["${local.arns.sqs}:${local.name}-schedules"] },
    { actions = ["scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"], resources = ["${local.arns.scheduler}:schedule-group/${local.name}"] },
  ]

  refresh_around = concat(
    [
      { actions = ["cloudwatch:GetDashboard"], resources = ["arn:${var.account.partition}:cloudwatch::${var.account.id}:dashboard/${local.name}"] },
      { actions = ["cloudwatch:ListTagsForResource"], resources = ["${local.arns.cloudwatch}:alarm:${local.name}-*"] },
      {
        actions   = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
        resources = ["${local.arns.events}:rule/${local.name}-*"]
      },
      { actions = ["logs:ListTagsForResource"], resources = ["${local.log_groups}:*"] },
      {
        actions   = ["sns:GetTopicAttributes", "sns:ListTagsForResource"]
        resources = ["${local.arns.sns}:${local.name}-alarms*"]
      },
    ],
    length(var.options.user_pool_arns) > 0 ? [{
      actions = [
        "cognito-idp:DescribeResourceServer", "cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:GetUserPoolMfaConfig",
      ]
      resources = var.options.user_pool_arns
    }] : [],
    var.options.hosted_zone_id != null ? [
      {
        actions   = ["acm:DescribeCertificate", "acm:ListTagsForCertificate"]
        resources = ["arn:${var.account.partition}:acm:${var.account.region}:${var.account.id}:certificate/*"]
      },
      {
        actions   = ["route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource"]
        resources = ["arn:${var.account.partition}:route53:::hostedzone/${var.options.hosted_zone_id}"]
      },
    ] : [],
    var.options.web_acl ? [
      {
        actions   = ["wafv2:GetLoggingConfiguration", "wafv2:GetWebACL"]
        resources = ["arn:${var.account.partition}:wafv2:${var.account.region}:${var.account.id}:regional/webacl/${local.name}/*"]
      },
      {
        actions = ["wafv2:GetWebACLForResource", "wafv2:ListTagsForResource"]
        resources = [
          "arn:${var.account.partition}:wafv2:${var.account.region}:${var.account.id}:regional/*",
          "${local.arns.elasticloadbalancing}:loadbalancer/app/${local.name}/*",
        ]
      },
    ] : [],
    length(var.options.bucket_arns) > 0 ? [{
      actions = [
        "s3:GetAccelerateConfiguration", "s3:GetAnalyticsConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
      ]
      resources = var.options.bucket_arns
    }] : [],
  )

  read_statements = {
    read-anything = [{ Effect = "Allow", Action = local.refresh_anything, Resource = ["*"] }]
    read-running  = [for read in local.refresh_running : { Effect = "Allow", Action = read.actions, Resource = read.resources }]
    read-around   = [for read in local.refresh_around : { Effect = "Allow", Action = read.actions, Resource = read.resources }]
  }
}
