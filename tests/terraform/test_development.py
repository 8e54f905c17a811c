"""The dev environment in an emulated account that runs nothing, from the first apply to destroy."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import pytest

from tests.terraform.conftest import INSIGHTS
from tests.terraform.leftovers import leftovers
from tests.terraform.secrets_search import files_with, secrets_of
from tests.terraform.stack import Stack

IMAGE, NEXT_IMAGE = "image_tag=3f2a9c1d7e5b", "image_tag=9d8c7b6a5f4e"
ROTATION = "db_password_version=2"
SERVICE_ROTATION = "service_password_version=2"
SCHEDULES = [f'aws_scheduler_schedule.command["expire-{what}"]' for what in ("idempotency-keys", "rate-limits")]


@pytest.fixture(scope="session")
def served(dev: Stack) -> Stack:
    """The dev environment with an image."""
    dev.apply(IMAGE)
    return dev


def test_the_first_apply_needs_no_image_and_no_variable(dev: Stack) -> None:
    outputs = dev.outputs()
    assert outputs["name"] == "itemsvc-dev"
    assert outputs["url"] == f"http://{outputs['alb_dns']}"
    assert not {"service_name", "migrate_command", "migrate_task_definition_arn", "image_tag"} & outputs.keys()
    assert dev.account.client("ecs").list_services(cluster="itemsvc-dev")["serviceArns"] == []


def test_the_first_apply_takes_over_the_log_group_that_container_insights_left(dev: Stack) -> None:
    found = dev.account.client("logs").describe_log_groups(logGroupNamePrefix=INSIGHTS)["logGroups"]
    assert [(group["retentionInDays"], "kmsKeyId" in group) for group in found] == [(1, True)]


def test_an_image_adds_the_service_and_leaves_the_rest_alone(dev: Stack) -> None:
    created = dev.plan(IMAGE)
    assert created == dict.fromkeys(
        [
            "aws_appautoscaling_policy.cpu[0]",
            "aws_appautoscaling_target.api[0]",
            "aws_cloudwatch_metric_alarm.no_healthy_host[0]",
            "aws_ecs_service.api[0]",
            "aws_ecs_task_definition.api[0]",
            "aws_ecs_task_definition.command[0]",
            "aws_ecs_task_definition.migrate[0]",
            *SCHEDULES,
        ],
        "create",
    )


def test_after_an_apply_with_an_image_nothing_is_left_to_do(served: Stack) -> None:
    assert served.plan(IMAGE) == {}


def test_a_new_image_changes_the_task_definitions_and_the_service_alone(served: Stack) -> None:
    assert served.plan(NEXT_IMAGE) == {
        "aws_ecs_service.api[0]": "update",
        "aws_ecs_task_definition.api[0]": "replace",
        "aws_ecs_task_definition.command[0]": "replace",
        "aws_ecs_task_definition.migrate[0]": "replace",
    }


def test_a_plain_apply_keeps_what_the_last_deploy_wrote(served: Stack) -> None:
    ssm, path = served.account.client("ssm"), "/itemsvc/dev/deploy/tags"
    for name in ("image_tag", "migrate_image_tag"):
        ssm.put_parameter(Name=f"{path}/{name}", Value=IMAGE.partition("=")[2], Type="String")
    assert served.plan() == {}
    assert served.plan("service_enabled=false") == dict.fromkeys(
        [
            "aws_appautoscaling_policy.cpu[0]",
            "aws_appautoscaling_target.api[0]",
            "aws_cloudwatch_metric_alarm.no_healthy_host[0]",
            "aws_ecs_service.api[0]",
            "aws_ecs_task_definition.api[0]",
            "aws_ecs_task_definition.command[0]",
            *SCHEDULES,
        ],
        "delete",
    )
    ssm.delete_parameters(Names=[f"{path}/image_tag", f"{path}/migrate_image_tag"])


def test_migrating_first_changes_the_one_off_task_alone(served: Stack) -> None:
    ahead = served.plan(IMAGE, "migrate_image_tag=9d8c7b6a5f4e")
    assert ahead == {"aws_ecs_task_definition.migrate[0]": "replace"}


def test_migrate_command_is_one_line_for_a_shell(served: Stack) -> None:
    outputs = served.outputs()
    words = shlex.split(outputs["migrate_command"])
    assert words[:3] == ["aws", "ecs", "run-task"]
    given = dict(zip(words[3::2], words[4::2], strict=True))
    subnets, groups = ",".join(outputs["migrate_subnet_ids"]), ",".join(outputs["migrate_security_group_ids"])
    assert given == {
        "--region": "us-east-1",
        "--cluster": outputs["cluster_name"],
        "--task-definition": outputs["migrate_task_definition_arn"],
        "--launch-type": "FARGATE",
        "--network-configuration": (
            f"awsvpcConfiguration={{subnets=[{subnets}],securityGroups=[{groups}],assignPublicIp=DISABLED}}"
        ),
    }


def test_a_change_behind_terraforms_back_is_shown_and_mended(served: Stack) -> None:
    account = served.account
    ec2, elb, ecs = account.client("ec2"), account.client("elbv2"), account.client("ecs")
    database = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["itemsvc-dev-database"]}])
    group = database["SecurityGroups"][0]["GroupId"]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    from_tasks = next(rule for rule in rules if rule["Description"] == "PostgreSQL from tasks")
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[from_tasks["SecurityGroupRuleId"]])
    targets = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "300"}
    elb.modify_target_group_attributes(TargetGroupArn=targets, Attributes=[delay])
    # Autoscaling changes this all the time, so Terraform must ignore it.
    ecs.update_service(cluster="itemsvc-dev", service="itemsvc-dev-api", desiredCount=3)

    assert served.plan(IMAGE) == {
        "aws_lb_target_group.api": "update",
        'aws_vpc_security_group_ingress_rule.database["tasks"]': "create",
    }
    served.apply(IMAGE)
    assert served.plan(IMAGE) == {}
    service = ecs.describe_services(cluster="itemsvc-dev", services=["itemsvc-dev-api"])["services"][0]
    assert service["desiredCount"] == 3


def test_a_plan_that_breaks_many_relations_names_each(served: Stack) -> None:
    said = served.refused(
        IMAGE,
        "gunicorn_keepalive=60",
        "gunicorn_graceful_timeout=60",
        "deregistration_delay=60",
        "gunicorn_request_timeout=60",
        "db_statement_timeout_ms=60000",
        "enable_execute_command=true",
        "max_tasks=8",
        "gunicorn_workers=5",
        "github_repository=example/itemsvc",
        "environment=staging",
    )
    for sentence in (
        "gunicorn_keepalive (60 s) must exceed alb_idle_timeout (60 s)",
        "gunicorn_graceful_timeout (60 s) must be below stop_timeout (60 s)",
        "deregistration_delay (60 s) must be below stop_timeout (60 s)",
        "gunicorn_queue_timeout + gunicorn_request_timeout (65 s) must be below alb_idle_timeout (60 s)",
        "gunicorn_queue_timeout + gunicorn_request_timeout (65 s) must be below gunicorn_graceful_timeout (60 s)",
        "gunicorn_queue_timeout + gunicorn_request_timeout (65 s) must be below deregistration_delay (60 s)",
        "db_statement_timeout_ms (60000) must be below gunicorn_request_timeout (60 s)",
        "enable_execute_command needs readonly_root_filesystem = false",
        "2 x max_tasks (8) x gunicorn_workers (5) x gunicorn_threads (4) + db_reserved_connections (20) = 340",
        "gunicorn_workers (5) need about 128 MiB each and the collector of enable_tracing 0 MiB, and the task has 512",
        "github_repository needs state_bucket",
        "environment staging needs the workspace staging, and this is default",
    ):
        assert sentence in said


def test_a_private_zone_is_refused(served: Stack) -> None:
    vpc = {"VPCId": served.account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"], "VPCRegion": "us-east-1"}
    zones = served.account.client("route53")
    kind = {"PrivateZone": True}
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="private", VPC=vpc, HostedZoneConfig=kind)
    named = zone["HostedZone"]["Id"].rpartition("/")[2]
    said = served.refused(IMAGE, "domain_name=items.example.com", f"hosted_zone_id={named}")
    assert "hosted_zone_id must be a public zone" in said


def test_the_database_and_the_application_get_the_same_password(served: Stack) -> None:
    assert_same_password(served)


def test_rotating_is_raising_one_number_even_after_an_apply_that_broke_off(served: Stack) -> None:
    account, before = served.account, served.account.secret("itemsvc-dev/database-password")
    key = account.secret("itemsvc-dev/secret-key")
    outputs = served.outputs()

    # This is the state of an apply that was interrupted before the database.
    served.run(
        "apply", "-auto-approve", "-input=false", f"-var={IMAGE}", f"-var={ROTATION}", "-target=module.credentials"
    )
    assert account.secret("itemsvc-dev/database-password") != before
    assert before in account.secret("itemsvc-dev/database-url")

    assert served.plan(IMAGE, ROTATION) == {
        "aws_db_instance.main": "update",
        "aws_secretsmanager_secret_version.database_url": "replace",
    }
    served.apply_plan()
    assert served.plan(IMAGE, ROTATION) == {}
    assert_same_password(served)
    assert account.secret("itemsvc-dev/database-password") != before
    assert account.secret("itemsvc-dev/secret-key") == key
    assert served.outputs() == outputs  # The service has its own password.


def test_the_services_password_changes_to_one_that_the_database_knows(served: Stack) -> None:
    urls = service_urls(served)
    serving = served.outputs()["database_url_secret_arn"]
    assert serving == urls["a"].arn

    assert served.plan(IMAGE, ROTATION, SERVICE_ROTATION) == {
        "aws_ecs_service.api[0]": "update",
        "aws_ecs_task_definition.api[0]": "replace",
        "aws_ecs_task_definition.command[0]": "replace",
        "aws_ecs_task_definition.migrate[0]": "replace",
        'aws_secretsmanager_secret_version.service_database_url["a"]': "replace",
    }
    served.apply_plan()
    assert served.plan(IMAGE, ROTATION, SERVICE_ROTATION) == {}
    changed = service_urls(served)
    assert changed["b"] == urls["b"]
    assert changed["a"].url != urls["a"].url
    assert served.outputs()["database_url_secret_arn"] == changed["b"].arn


def test_no_secret_is_in_the_state_a_plan_or_the_output(served: Stack) -> None:
    secrets = secrets_of(served)
    passwords = {entry["password"] for entry in served.account.journal("passwords.jsonl")}
    # The owner's two passwords, each also in a URL, the service's three URLs, and the key. Fewer secrets would mean
    # that the search did not look for all of them.
    assert len(passwords) == 2
    assert len(secrets) == 8
    assert (served.directory / "terraform.tfstate").exists()
    assert list(served.directory.glob("plan-*.tfplan"))
    assert files_with(served.directory, secrets) == []
    assert not [secret for secret in secrets if secret in served.output]


def test_destroy_leaves_nothing(served: Stack) -> None:
    served.destroy(IMAGE, ROTATION, SERVICE_ROTATION)
    assert leftovers(served.account) == []
    # Task definition revisions cost nothing, and AWS deletes none by itself.
    definitions = served.account.client("ecs").list_task_definitions()["taskDefinitionArns"]
    assert {re.sub(r".*/(.*):\d+", r"\1", arn) for arn in definitions} == {
        "itemsvc-dev-api",
        "itemsvc-dev-command",
        "itemsvc-dev-migrate",
    }


@dataclass(frozen=True)
class ServiceUrl:
    """One of the service's two secrets."""

    arn: str
    url: str


def service_urls(stack: Stack) -> dict[str, ServiceUrl]:
    """The service's URLs by role. Asserts that only the role and the password differ from the owner's URL."""
    account, found = stack.account, {}
    owner = account.secret("itemsvc-dev/database-url")
    for role in "ab":
        name = f"itemsvc-dev/service-database-url-{role}"
        found[role] = ServiceUrl(
            account.client("secretsmanager").describe_secret(SecretId=name)["ARN"], account.secret(name)
        )
        assert re.match(rf"postgres://itemsvc_{role}:[A-Za-z0-9]{{40}}@", found[role].url)
        assert found[role].url.partition("@")[2] == owner.partition("@")[2]
    return found


def assert_same_password(stack: Stack) -> None:
    """RDS has the secret's password, and MIGRATE_DATABASE_URL contains it."""
    account, outputs = stack.account, stack.outputs()
    password = account.journal("passwords.jsonl")[-1]["password"]
    assert re.fullmatch(r"[A-Za-z0-9]{40}", password)
    assert account.secret("itemsvc-dev/database-password") == password
    assert account.secret("itemsvc-dev/database-url") == (
        f"postgres://itemsvc:{password}@{outputs['db_endpoint']}/items"
        "?sslmode=verify-full&sslrootcert=/app/certs/rds-global-bundle.pem"
    )
    assert re.fullmatch(r"[A-Za-z0-9]{64}", account.secret("itemsvc-dev/secret-key"))
