"""The production environment with every option on. production.py runs it, and these tests judge it."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import boto3

from tests.terraform.production import DOMAIN, Life
from tests.terraform.requirements import ROOT

#: IAM's name of a service by moto's name.
IAM_NAMES = {"elbv2": "elasticloadbalancing"}
#: AWS allows this call to everybody.
ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}
#: Only `deploy down` calls these. It destroys the role too, so a person runs it with other rights.
FOR_A_PERSON = {"ecr:BatchDeleteImage"}
#: IAM's name of an action by the API's name, where they differ.
IAM_ACTIONS = {
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:HeadBucket": "s3:ListBucket",
}


def test_after_two_deploys_nothing_is_left_to_do(production_life: Life) -> None:
    assert production_life.converged_after_apply


def test_it_is_reached_by_https_at_its_domain(production_life: Life) -> None:
    assert production_life.outputs["url"] == f"https://{DOMAIN}"
    assert production_life.listeners == {80: "redirect", 443: "forward"}


def test_the_database_survives_a_zone_and_keeps_thirty_days(production_life: Life) -> None:
    database = production_life.database
    assert database["MultiAZ"]
    assert database["DeletionProtection"]
    assert database["BackupRetentionPeriod"] == 30
    assert not database["PubliclyAccessible"]


def test_a_hasty_destroy_is_refused(production_life: Life) -> None:
    assert "deletion" in production_life.destroy_while_protected.lower()


def test_the_deploy_role_may_do_what_a_deploy_does(production_life: Life) -> None:
    allowed = [action for document in production_life.deploy_policies for action in _allowed(document)]
    needed = {_iam_action(service, action) for service, action in production_life.deploy_actions} - ALWAYS_ALLOWED
    assert {"ecs:RegisterTaskDefinition", "ecs:CreateService", "ecs:UpdateService"} <= needed
    assert sorted(a for a in needed if not any(fnmatchcase(a, pattern) for pattern in allowed)) == []


def test_the_deploy_role_may_do_what_the_deploy_command_calls(production_life: Life) -> None:
    allowed = [action for document in production_life.deploy_policies for action in _allowed(document)]
    called = _called_by_the_deploy_command()
    assert {"ecs:RunTask", "ecs:DescribeTasks", "ecr:DescribeImages", "logs:FilterLogEvents"} <= called
    assert sorted(called - FOR_A_PERSON - set(allowed)) == []


def test_it_also_converges_without_nat_and_with_exec(production_life: Life) -> None:
    assert production_life.converged_without_nat


def test_no_secret_is_in_a_file(production_life: Life) -> None:
    assert production_life.files_with_secrets == []


def test_destroy_leaves_nothing(production_life: Life) -> None:
    assert production_life.leftovers == []


def _called_by_the_deploy_command() -> set[str]:
    """Every AWS API that deploy/ calls, found by the names of boto3's methods."""
    text = "\n".join(path.read_text() for path in (ROOT / "deploy").glob("*.py"))
    called = set()
    for service in ("ecr", "ecs", "logs", "ssm"):
        operations = boto3.client(service, region_name="us-east-1").meta.method_to_api_mapping
        names = re.findall(rf'\b_?{service}\.(?:get_paginator\(")?(\w+)', text)
        called |= {f"{service}:{operations[name]}" for name in names if name in operations}
    return called


def _allowed(document: dict) -> list[str]:
    actions = [statement["Action"] for statement in document["Statement"]]
    return [action for entry in actions for action in ([entry] if isinstance(entry, str) else entry)]


def _iam_action(service: str, action: str) -> str:
    name = f"{IAM_NAMES.get(service, service)}:{action}"
    return IAM_ACTIONS.get(name, name)
