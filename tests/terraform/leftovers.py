"""Finds the resources that are left in an account: everything that costs money or takes a name."""

from __future__ import annotations

from tests.terraform.account import Account


def leftovers(account: Account) -> list[str]:
    """Identifiers of all resources that are not AWS's own, without task definitions, which stay on purpose."""
    return sorted([*_network(account), *_compute(account), *_data(account), *_identity(account), *_watching(account)])


def _network(account: Account) -> list[str]:
    ec2 = account.client("ec2")
    default = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}

    def outside(items: list[dict], key: str) -> list[str]:
        return [item[key] for item in items if item.get("VpcId") not in default]

    alive = [{"Name": "state", "Values": ["pending", "available", "deleting"]}]
    return [
        *outside(ec2.describe_vpcs()["Vpcs"], "VpcId"),
        *outside(ec2.describe_subnets()["Subnets"], "SubnetId"),
        *outside(ec2.describe_route_tables()["RouteTables"], "RouteTableId"),
        *outside(ec2.describe_security_groups()["SecurityGroups"], "GroupId"),
        *outside(ec2.describe_network_interfaces()["NetworkInterfaces"], "NetworkInterfaceId"),
        *[gateway["InternetGatewayId"] for gateway in ec2.describe_internet_gateways()["InternetGateways"]],
        *[gateway["NatGatewayId"] for gateway in ec2.describe_nat_gateways(Filter=alive)["NatGateways"]],
        *[address["AllocationId"] for address in ec2.describe_addresses()["Addresses"]],
        *[e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["State"] != "deleted"],
        *[log["FlowLogId"] for log in ec2.describe_flow_logs()["FlowLogs"]],
    ]


def _compute(account: Account) -> list[str]:
    ecs, elb = account.client("ecs"), account.client("elbv2")
    scaling = account.client("application-autoscaling")
    certificates, dns = account.client("acm").list_certificates(), account.client("route53")
    zones = [zone["Id"] for zone in dns.list_hosted_zones()["HostedZones"]]
    records = [
        each for zone in zones for each in dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    ]
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    return [
        *[cluster["clusterArn"] for cluster in clusters if cluster["status"] != "INACTIVE"],
        *[r["repositoryArn"] for r in account.client("ecr").describe_repositories()["repositories"]],
        *[certificate["CertificateArn"] for certificate in certificates["CertificateSummaryList"]],
        *[record["Name"] for record in records if record["Type"] not in ("NS", "SOA")],
        *[balancer["LoadBalancerArn"] for balancer in elb.describe_load_balancers()["LoadBalancers"]],
        *[group["TargetGroupArn"] for group in elb.describe_target_groups()["TargetGroups"]],
        *[t["ResourceId"] for t in scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]],
        *[p["PolicyARN"] for p in scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]],
    ]


def _data(account: Account) -> list[str]:
    rds, secrets = account.client("rds"), account.client("secretsmanager")
    own_groups = [
        group["DBParameterGroupName"]
        for group in rds.describe_db_parameter_groups()["DBParameterGroups"]
        if not group["DBParameterGroupName"].startswith("default.")
    ]
    return [
        *[database["DBInstanceArn"] for database in rds.describe_db_instances()["DBInstances"]],
        *[group["DBSubnetGroupName"] for group in rds.describe_db_subnet_groups()["DBSubnetGroups"]],
        *own_groups,
        *[secret["ARN"] for secret in secrets.list_secrets()["SecretList"]],
        *[bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]],
    ]


def _identity(account: Account) -> list[str]:
    iam, kms = account.client("iam"), account.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return [
        *[role["Arn"] for role in iam.list_roles()["Roles"]],
        *[pool["Id"] for pool in account.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]],
        *[policy["Arn"] for policy in iam.list_policies(Scope="Local")["Policies"]],
        *[p["Arn"] for p in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]],
        # AWS creates its own keys at the first use of a service. They are free.
        *[
            f"{key['Arn']} {key['Description']}"
            for key in keys
            if key["KeyState"] != "PendingDeletion" and not key["Description"].startswith("Default ")
        ],
        *[a["AliasName"] for a in kms.list_aliases()["Aliases"] if not a["AliasName"].startswith("alias/aws/")],
    ]


def _watching(account: Account) -> list[str]:
    watch, sns, scheduler = account.client("cloudwatch"), account.client("sns"), account.client("scheduler")
    return [
        *[group["logGroupName"] for group in account.client("logs").describe_log_groups()["logGroups"]],
        *[alarm["AlarmArn"] for alarm in watch.describe_alarms()["MetricAlarms"]],
        *[board["DashboardArn"] for board in watch.list_dashboards()["DashboardEntries"]],
        *[rule["Arn"] for rule in account.client("events").list_rules()["Rules"]],
        *[topic["TopicArn"] for topic in sns.list_topics()["Topics"]],
        *[subscription["SubscriptionArn"] for subscription in sns.list_subscriptions()["Subscriptions"]],
        *account.client("sqs").list_queues().get("QueueUrls", []),
        *[s["Arn"] for s in scheduler.list_schedules()["Schedules"]],
        *[g["Arn"] for g in scheduler.list_schedule_groups()["ScheduleGroups"] if g["Name"] != "default"],
        *[acl["ARN"] for acl in account.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]],
    ]
