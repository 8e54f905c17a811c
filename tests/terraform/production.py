"""Runs the production environment (environments/prod.tfvars, every option on) from its first apply to its end."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.terraform.account import Account
from tests.terraform.leftovers import leftovers
from tests.terraform.secrets_search import files_with, secrets_of
from tests.terraform.stack import Stack

DOMAIN = "items.example.com"
OPTIONS = (
    "-var-file=environments/prod.tfvars",
    f"domain_name={DOMAIN}",
    "alarm_email=ops@example.com",
    "github_repository=example/itemsvc",
    "state_bucket=example-terraform-state",
    "requests_per_target=600",
    "use_spot=true",
    "cpu_architecture=ARM64",
    "create_user_pool=true",
    "enable_tracing=true",
    "rate_limit=600/min",
    "media_enabled=true",
    'media_cors_origins=["https://app.example.com"]',
)
# These variables make it destroyable. They also set the options that exclude some of those above.
UNPROTECTED = (
    "deletion_protection=false",
    "secret_recovery_days=0",
    "db_final_snapshot=false",
    "nat=none",
    "create_user_pool=false",
    "collector_image=123456789012.dkr.ecr.us-east-1.amazonaws.com/collector:v0.48.0",
    "enable_execute_command=true",
    "readonly_root_filesystem=false",
)


@dataclasses.dataclass
class Life:
    """The observations that the tests judge."""

    converged_after_apply: bool = False
    outputs: dict[str, Any] = dataclasses.field(default_factory=dict)
    deploy_actions: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    deploy_policies: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    database: dict[str, Any] = dataclasses.field(default_factory=dict)
    listeners: dict[int, str] = dataclasses.field(default_factory=dict)
    files_with_secrets: list[str] = dataclasses.field(default_factory=list)
    destroy_while_protected: str = ""
    converged_without_nat: bool = False
    leftovers: list[str] = dataclasses.field(default_factory=list)


def live(account: Account) -> Life:
    """Applies, deploys twice, observes, removes the protection, destroys."""
    account.wait()
    zone = account.client("route53").create_hosted_zone(Name="example.com", CallerReference="zone")["HostedZone"]["Id"]
    variables = (*OPTIONS, f"hosted_zone_id={zone.rpartition('/')[2]}")
    stack = Stack(account.directory.parent / "terraform", account, *variables, workspace="prod")
    stack.init()
    life = Life()

    stack.apply()
    start = len(account.journal("actions.jsonl"))
    stack.apply("image_tag=aaaaaaaaaaaa")
    stack.apply("image_tag=bbbbbbbbbbbb")
    life.deploy_actions = {(e["service"], e["action"]) for e in account.journal("actions.jsonl")[start:]}
    life.converged_after_apply = stack.plan("image_tag=bbbbbbbbbbbb") == {}
    life.outputs = stack.outputs()
    life.deploy_policies = _policies(account, life.outputs["deploy_role_arn"])
    life.database = account.client("rds").describe_db_instances()["DBInstances"][0]
    life.listeners = _listeners(account)
    life.destroy_while_protected = _refusal_to_destroy(stack)

    stack.apply("image_tag=bbbbbbbbbbbb", *UNPROTECTED)
    life.converged_without_nat = stack.plan("image_tag=bbbbbbbbbbbb", *UNPROTECTED) == {}
    life.files_with_secrets = files_with(stack.directory, secrets_of(stack))
    stack.destroy("image_tag=bbbbbbbbbbbb", *UNPROTECTED)
    life.leftovers = leftovers(account)
    return life


def _policies(account: Account, role_arn: str) -> list[dict[str, Any]]:
    """The documents of a role's policies."""
    iam = account.client("iam")
    attached = iam.list_attached_role_policies(RoleName=role_arn.rsplit("/", 1)[1])["AttachedPolicies"]
    return [
        iam.get_policy_version(PolicyArn=p["PolicyArn"], VersionId="v1")["PolicyVersion"]["Document"] for p in attached
    ]


def _listeners(account: Account) -> dict[int, str]:
    """The action of each port of the load balancer."""
    elb = account.client("elbv2")
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    return {listener["Port"]: listener["DefaultActions"][0]["Type"] for listener in listeners}


def _refusal_to_destroy(stack: Stack) -> str:
    """The errors of an attempt to destroy the protected database and load balancer."""
    answer = stack.run(
        "destroy",
        "-auto-approve",
        "-input=false",
        "-no-color",
        "-target=aws_db_instance.main",
        "-target=aws_lb.main",
        *(v if v.startswith("-") else f"-var={v}" for v in stack.variables),
        codes=(0, 1),
    )
    return answer.stderr
