"""The environment as its Terraform state describes it."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from deploy.errors import CredentialsError, UnknownEnvironmentError
from deploy.terraform import Tags


@dataclass(frozen=True)
class Stack:
    """The outputs of terraform/; None where an image is not deployed yet."""

    name: str
    environment: str
    region: str
    url: str
    alb_dns: str
    ecr_repository_url: str
    ecr_repository_name: str
    cluster_name: str
    log_group_name: str
    service_log_prefix: str
    migrate_log_prefix: str
    container_name: str
    migrate_container_name: str
    migrate_subnet_ids: list[str] = field(default_factory=list)
    migrate_security_group_ids: list[str] = field(default_factory=list)
    service_name: str | None = None
    service_task_definition_arn: str | None = None
    migrate_task_definition_arn: str | None = None
    migrate_command: str | None = None
    image_tag: str | None = None
    migrate_image_tag: str | None = None
    db_identifier: str | None = None

    @property
    def tags(self) -> Tags:
        return Tags(self.image_tag, self.migrate_image_tag)


REQUIRED = [item.name for item in fields(Stack) if item.default is MISSING and item.default_factory is MISSING]


def read_stack(outputs: dict[str, Any], environment: str) -> Stack | None:
    """The stack, or None until a first apply went through.

    Raises UnknownEnvironmentError when the state is another environment's.
    """
    if not outputs.get("ecr_repository_url"):
        return None
    found = outputs.get("environment")
    if found != environment:
        raise UnknownEnvironmentError(
            f"The Terraform state is that of environment {found!r}, not {environment!r}: nothing was touched.",
            hint="Each environment has its own workspace: dev is `default`, any other the workspace of its name.",
        )
    known = {name: value for name, value in outputs.items() if name in Stack.__dataclass_fields__}
    if any(name not in known for name in REQUIRED):
        return None
    return Stack(**known)


def check_account(stack: Stack, account: str) -> None:
    """Raises CredentialsError when the credentials are of another account than the state's registry."""
    owner = stack.ecr_repository_url.partition(".dkr.")[0]
    if owner.isdigit() and owner != account:
        raise CredentialsError(
            f"The credentials are of account {account}, but environment {stack.environment!r} lives in {owner}.",
            hint="Switch AWS_PROFILE, or the environment.",
        )
