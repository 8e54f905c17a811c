"""Lists the content of the emulated account, which must be empty before the first deploy and after the last."""

# service, operation, list in the response, shown member of an entry, further arguments
LISTS = (
    ("ec2", "describe_vpcs", "Vpcs", "VpcId", {"Filters": [{"Name": "is-default", "Values": ["false"]}]}),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", {}),
    ("ec2", "describe_addresses", "Addresses", "AllocationId", {}),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", {}),
    ("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId", {}),
    ("ecr", "describe_repositories", "repositories", "repositoryName", {}),
    ("ecs", "list_clusters", "clusterArns", None, {}),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName", {}),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName", {}),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", {}),
    ("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier", {}),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName", {}),
    ("acm", "list_certificates", "CertificateSummaryList", "DomainName", {}),
    ("route53", "list_hosted_zones", "HostedZones", "Name", {}),
    ("secretsmanager", "list_secrets", "SecretList", "Name", {}),
    ("ssm", "describe_parameters", "Parameters", "Name", {}),
    ("logs", "describe_log_groups", "logGroups", "logGroupName", {}),
    ("iam", "list_roles", "Roles", "RoleName", {}),
    ("iam", "list_policies", "Policies", "PolicyName", {"Scope": "Local"}),
    ("sns", "list_topics", "Topics", "TopicArn", {}),
    ("events", "list_rules", "Rules", "Name", {}),
    ("sqs", "list_queues", "QueueUrls", None, {}),
    ("scheduler", "list_schedules", "Schedules", "Name", {}),
    ("scheduler", "list_schedule_groups", "ScheduleGroups", "Name", {}),
    ("cognito-idp", "list_user_pools", "UserPools", "Name", {"MaxResults": 10}),
    ("kms", "list_aliases", "Aliases", "AliasName", {}),
    ("s3", "list_buckets", "Buckets", "Name", {}),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", {}),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName", {}),
    (
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        "ResourceId",
        {"ServiceNamespace": "ecs"},
    ),
)
# Every AWS account has these, and the emulators have them too.
OF_EVERY_ACCOUNT = ("alias/aws/", "AWSServiceRoleFor", "default")
GONE = ("deleted", "deleting")


def leftovers(stage):
    """The resources that not every account has, each as a line `service: name`."""
    found = []
    for service, operation, key, shown, arguments in LISTS:
        answer = getattr(stage.aws(service), operation)(**arguments)
        for entry in answer.get(key, []):
            if isinstance(entry, dict) and entry.get("State") in GONE:
                continue
            name = entry[shown] if shown else entry
            if not name.startswith(OF_EVERY_ACCOUNT):
                found.append(f"{service}: {name}")
    return found
