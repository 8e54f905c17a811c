"""What every command needs: one environment's Terraform state and AWS account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from deploy import service
from deploy.applied import AppliedTags
from deploy.aws import Aws
from deploy.console import Reporter
from deploy.errors import UnknownEnvironmentError
from deploy.lock import DeployLock, parameter_prefix
from deploy.options import Options
from deploy.process import require
from deploy.releases import Releases
from deploy.stack import Stack, check_account, check_variables, read_stack
from deploy.terraform import Tags, Terraform


@dataclass
class Context:
    options: Options
    reporter: Reporter

    @cached_property
    def terraform(self) -> Terraform:
        return Terraform(
            self.options.terraform_dir,
            self.options.environment,
            timeout=self.options.terraform_timeout,
            lock_timeout=self.options.state_lock_timeout,
        )

    @cached_property
    def settings(self) -> dict[str, str]:
        """The Terraform variables `name`, `region` and `cpu_architecture`. They exist before the first apply."""
        return self.terraform.variables("name", "region", "cpu_architecture")

    @cached_property
    def aws(self) -> Aws:
        return Aws(self.settings["region"])

    @cached_property
    def prefix(self) -> str:
        return parameter_prefix(self.settings["name"], self.options.environment)

    @cached_property
    def releases(self) -> Releases:
        return Releases(self.aws.ssm, self.prefix)

    @cached_property
    def applied(self) -> AppliedTags:
        return AppliedTags(self.aws.ssm, self.prefix)

    def prepare(self) -> None:
        """Checks tools, environment and credentials, and changes nothing."""
        require("terraform")
        self.terraform.check_environment()
        self.terraform.init()
        account = self.aws.account()
        stack = self.stack_or_none()
        if stack:
            check_account(stack, account)
        self.reporter.line(f"environment {self.options.environment}, account {account}, region {self.aws.region}")

    def stack_or_none(self) -> Stack | None:
        """Reads the state again; None before the first apply."""
        stack = read_stack(self.terraform.outputs(), self.options.environment)
        if stack:
            check_variables(stack, self.settings["name"], self.settings["region"])
        return stack

    @staticmethod
    def terraform_tags(stack: Stack | None) -> Tags:
        return stack.tags if stack else Tags()

    def stack(self) -> Stack:
        stack = self.stack_or_none()
        if stack is None:
            raise UnknownEnvironmentError(
                f"Environment {self.options.environment!r} is not deployed yet.",
                hint=f"python -m deploy up --environment {self.options.environment}",
            )
        return stack

    def stack_with_image(self) -> Stack:
        stack = self.stack()
        if stack.migrate_task_definition_arn is None:
            raise UnknownEnvironmentError(
                f"Environment {self.options.environment!r} has no image yet, so no task can run.",
                hint=f"python -m deploy up --environment {self.options.environment}",
            )
        return stack

    def lock(self) -> DeployLock:
        command = f"deploy {self.options.command}"
        return DeployLock(self.aws.ssm, self.prefix, command, break_lock=self.options.break_lock)

    def live(self, stack: Stack | None) -> service.Service | None:
        if stack is None:
            return None
        return service.describe(self.aws.ecs, stack.cluster_name, stack.service_name)

    def serving(self, stack: Stack | None) -> str | None:
        """The image tag of the completed deployment; None when nothing serves."""
        live = self.live(stack)
        if stack is None or live is None or live.completed is None:
            return None
        return service.image_tag(self.aws.ecs, live.completed.task_definition, stack.container_name)
