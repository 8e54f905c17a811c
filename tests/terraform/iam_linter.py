"""Lints IAM policies with policy_sentry and cloudsplaining, which come with checkov.

Reads a JSON object of policies by name from standard input; prints an object of findings by name, where there are any.
"""

import json
import sys

from cloudsplaining.scan.policy_document import PolicyDocument
from policy_sentry.querying.actions import get_action_data

RISKS = (
    "allows_privilege_escalation",
    "allows_data_exfiltration_actions",
    "permissions_management_without_constraints",
    "service_wildcard",
)


def as_list(value):
    return value if isinstance(value, list) else [value]


def findings(policy):
    """Actions that AWS has not, actions that take no resource but are given one, and risks."""
    for statement in policy["Statement"]:
        for action in as_list(statement["Action"]):
            service, _, name = action.partition(":")
            known = (get_action_data(service, name) or {}).get(service)
            if not known:
                if "*" not in name:
                    yield f"{action} is unknown"
            elif {each["resource_arn_format"] for each in known} == {"*"} and as_list(statement["Resource"]) != ["*"]:
                yield f"{action} takes no resource"
    document = PolicyDocument(policy)
    for risk in RISKS:
        found = getattr(document, risk)
        yield from (f"{risk}: {each}" for each in as_list(found() if callable(found) else found))


def lint(policies):
    found = {name: sorted(findings(policy)) for name, policy in policies.items()}
    return {name: each for name, each in found.items() if each}


print(json.dumps(lint(json.load(sys.stdin))))
