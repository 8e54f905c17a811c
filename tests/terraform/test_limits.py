"""Holds each name and each policy to AWS's limits, at the longest inputs that the variables' validations allow.

The emulators accept longer ones. Limits of names: the `Name` parameter in each service's API reference. Limits of
policies: IAM user guide, "IAM and AWS STS quotas" (white space does not count); KMS, S3 and SNS have their own pages.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import requirements
from tests.terraform.terraform_tests import Result

FILE = "tests/longest/limits.tftest.hcl"
WORD, LOWER = r"[A-Za-z0-9-]", r"[a-z0-9-]"
#: The attribute with the name, its greatest length and its alphabet, by type of resource.
NAMES = {
    "aws_appautoscaling_policy": ("name", 256, r"[^|]"),
    "aws_cloudwatch_dashboard": ("dashboard_name", 255, r"[A-Za-z0-9_-]"),
    "aws_cloudwatch_event_rule": ("name", 64, r"[A-Za-z0-9_.-]"),
    "aws_cloudwatch_log_group": ("name", 512, r"[A-Za-z0-9_/.#-]"),
    "aws_cloudwatch_metric_alarm": ("alarm_name", 255, WORD),
    "aws_cognito_resource_server": ("identifier", 256, WORD),
    "aws_cognito_user_pool": ("name", 128, r"[A-Za-z0-9_+=,.@ -]"),
    "aws_cognito_user_pool_client": ("name", 128, r"[A-Za-z0-9_+=,.@ -]"),
    "aws_cognito_user_pool_domain": ("domain", 63, LOWER),
    "aws_db_instance": ("identifier", 63, LOWER),
    "aws_db_parameter_group": ("name", 255, LOWER),
    "aws_db_subnet_group": ("name", 255, LOWER),
    "aws_ecr_repository": ("name", 256, r"[a-z0-9_/-]"),
    "aws_ecs_cluster": ("name", 255, r"[A-Za-z0-9_-]"),
    "aws_ecs_service": ("name", 255, r"[A-Za-z0-9_-]"),
    "aws_ecs_task_definition": ("family", 255, r"[A-Za-z0-9_-]"),
    "aws_iam_policy": ("name", 128, r"[A-Za-z0-9_+=,.@-]"),
    "aws_iam_role": ("name", 64, r"[A-Za-z0-9_+=,.@-]"),
    "aws_iam_role_policy": ("name", 128, r"[A-Za-z0-9_+=,.@-]"),
    "aws_kms_alias": ("name", 256, r"[A-Za-z0-9_/-]"),
    "aws_lb": ("name", 32, WORD),
    "aws_lb_target_group": ("name", 32, WORD),
    "aws_s3_bucket": ("bucket", 63, LOWER),
    "aws_route53_record": ("name", 255, r"[a-z0-9._-]"),
    "aws_scheduler_schedule": ("name", 64, r"[A-Za-z0-9_.-]"),
    "aws_scheduler_schedule_group": ("name", 64, r"[A-Za-z0-9_.-]"),
    "aws_secretsmanager_secret": ("name", 512, r"[A-Za-z0-9/_+=.@-]"),
    "aws_security_group": ("name", 255, r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]"),
    "aws_sns_topic": ("name", 256, r"[A-Za-z0-9_-]"),
    "aws_sqs_queue": ("name", 80, r"[A-Za-z0-9_-]"),
    "aws_wafv2_web_acl": ("name", 128, r"[A-Za-z0-9_-]"),
}
NAME_ATTRIBUTES = {attribute for attribute, _, _ in NAMES.values()} - {"domain"}
#: The attribute with the policy and its greatest length, by type of resource.
POLICIES = {
    "aws_iam_policy": ("policy", 6144),
    "aws_iam_role": ("assume_role_policy", 2048),
    "aws_iam_role_policy": ("policy", 10240),
    "aws_kms_key": ("policy", 32768),
    "aws_s3_bucket_policy": ("policy", 20480),
    "aws_sns_topic_policy": ("policy", 30720),
}
#: The inline policies of the role with the most, the team's own first.
OF_THE_SERVICE = ('application["task"]', "execute_command[0]", 'media["task"]', "tracing[0]")
#: What the linters say without a reason: AWS checks this action against all log groups of the region
#: (terraform-provider-aws, issue 8804).
LINTED = {"aws_iam_role_policy aws_iam_role_policy.flow_log": ["logs:DescribeLogGroups takes no resource"]}


@pytest.fixture(scope="module")
def planned(terraform_test: dict[str, Result]) -> dict[str, dict[str, Any]]:
    """The planned attributes of every resource, by address."""
    changes = terraform_test[FILE].changes
    assert changes, terraform_test[FILE].diagnostics
    return {f"{change['type']} {change['address']}": change["change"]["after"] for change in changes}


def test_no_name_is_too_long_for_its_service(planned: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for address, attributes in planned.items():
        attribute, longest, letter = NAMES.get(address.split()[0], (None, 0, ""))
        if attribute and not re.fullmatch(f"{letter}{{1,{longest}}}", attributes[attribute]):
            wrong.append(f"{address}: {attributes[attribute]} ({len(attributes[attribute])} of {longest})")
    assert wrong == []


def test_every_kind_of_resource_with_a_name_is_known(planned: dict[str, dict[str, Any]]) -> None:
    named = {address.split()[0] for address, attributes in planned.items() if NAME_ATTRIBUTES & attributes.keys()}
    assert named - NAMES.keys() == set()


def test_no_policy_is_too_long(planned: dict[str, dict[str, Any]]) -> None:
    sizes = {}
    for address, attributes in planned.items():
        attribute, longest = POLICIES.get(address.split()[0], (None, 0))
        if attribute:
            sizes[address] = (len(re.sub(r"\s", "", attributes[attribute])), longest)
    assert len(sizes) > 15
    assert {address: size for address, size in sizes.items() if size[0] > size[1]} == {}


def test_the_policies_in_a_role_fit_together(planned: dict[str, dict[str, Any]]) -> None:
    # The service's role has the most policies, and the team's own is as long as it may be.
    policies = [planned[f"aws_iam_role_policy aws_iam_role_policy.{name}"]["policy"] for name in OF_THE_SERVICE]
    sizes = [len(re.sub(r"\s", "", policy)) for policy in policies]
    assert 8900 < sizes[0] <= 9000
    assert sum(sizes) <= 10240


def test_linters_find_nothing_in_the_policies(planned: dict[str, dict[str, Any]]) -> None:
    checkov = requirements.checkov()
    if checkov is None:
        pytest.skip("checkov is missing: make .venv-checkov/installed")
    kinds = ("aws_iam_policy ", "aws_iam_role_policy ")
    policies = {address: json.loads(each["policy"]) for address, each in planned.items() if address.startswith(kinds)}
    python, script = Path(checkov).with_name("python"), Path(__file__).with_name("iam_linter.py")
    answer = subprocess.run([python, script], input=json.dumps(policies), capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == LINTED
