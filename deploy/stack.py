"""The environment, from the outputs of its Terraform state."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from deploy.errors import CredentialsError, UnknownEnvironmentError
from deploy.terraform import Tags

#: The worker's container, and the first part of the names of its log streams.
WORKER = "worker"


@dataclass(frozen=True)
class Stack:
    """The outputs of terraform/. The optional ones are None before the first image is deployed."""

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
    worker_service_name: str | None = None
    worker_task_definition_arn: str | None = None
    migrate_task_definition_arn: str | None = None
    migrate_command: str | None = None
    image_tag: str | None = None
    migrate_image_tag: str | None = None
    db_identifier: str | None = None
    final_snapshot: str | None = None
    kms_key_arn: str | None = None
    media_bucket: str | None = None

    @property
    def tags(self) -> Tags:
        return Tags(self.image_tag, self.migrate_image_tag)

    @property
    def worker(self) -> Stack | None:
        """The same with the worker in the service's place; None if there is none."""
        if self.worker_service_name is None:
            return None
        return replace(
            self,
            service_name=self.worker_service_name,
            service_task_definition_arn=self.worker_task_definition_arn,
            service_log_prefix=WORKER,
            container_name=WORKER,
        )


REQUIRED = [item.name for item in fields(Stack) if item.default is MISSING and item.default_factory is MISSING]


def read_stack(outputs: dict[str, Any], environment: str) -> Stack | None:
    """The stack, or None before the first complete apply.

    Raises UnknownEnvironmentError when the state belongs to another environment.
    """
    if not outputs.get("ecr_repository_url"):
        return None
    found = outputs.get("environment")
    if found != environment:
        raise UnknownEnvironmentError(
            f"The Terraform state belongs to environment {found!r}, not {environment!r}. Nothing was changed.",
            hint="Each environment has its own workspace: dev uses `default`, any other the workspace of its name.",
        )
    known = {name: value for name, value in outputs.items() if name in Stack.__dataclass_fields__}
    if any(name not in known for name in REQUIRED):
        return None
    return Stack(**known)


def check_variables(stack: Stack, name: str, region: str) -> None:
    """Raises UnknownEnvironmentError when the state and the variables differ in the name or the region.

    Terraform would find nothing there. It would destroy or forget the old resources with their data, and create all
    anew.
    """
    applied = stack.name.removesuffix(f"-{stack.environment}")
    for variable, was, value in (("name", applied, name), ("region", stack.region, region)):
        if value != was:
            raise UnknownEnvironmentError(
                f"Environment {stack.environment!r} has {variable} = {was}, but its variables say {value}.",
                hint=f'Set {variable} = "{was}" in terraform/environments/{stack.environment}.tfvars. To move, make '
                "another environment.",
            )


def check_account(stack: Stack, account: str) -> None:
    """Raises CredentialsError when the credentials and the state's registry belong to different accounts."""
    owner = stack.ecr_repository_url.partition(".dkr.")[0]
    if owner.isdigit() and owner != account:
        raise CredentialsError(
            f"The credentials belong to account {account}, but environment {stack.environment!r} is in {owner}.",
            hint="Use another AWS_PROFILE or another --environment.",
        )
