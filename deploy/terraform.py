"""Runs terraform on one environment's state, shows its progress and shortens its errors."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from deploy.aws import CREDENTIAL_CODES, SIGN_IN_HINT
from deploy.errors import CredentialsError, DeployError, StateLockedError, TerraformError, UnknownEnvironmentError
from deploy.process import capture, stream

DEFAULT_ENVIRONMENT = "dev"
LAST_LINES = 15
NO_CREDENTIALS = ("No valid credential sources found", "get credentials", *CREDENTIAL_CODES)


class Show(Protocol):
    """Receives progress: `line` is kept, `note` is replaced by the next one."""

    def line(self, text: str) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Tags:
    """The image tags of the service and of the migrate task; None means not deployed."""

    image: str | None = None
    migrate: str | None = None

    def values(self) -> dict[str, str]:
        """The tags that are not None, by the name of their Terraform variable."""
        pairs = {"image_tag": self.image, "migrate_image_tag": self.migrate}
        return {name: tag for name, tag in pairs.items() if tag is not None}

    def arguments(self) -> list[str]:
        # Terraform keeps the last deploy's image unless it is told that there is no service.
        variables = {**self.values(), "service_enabled": "false" if self.image is None else "true"}
        return [argument for name, value in variables.items() for argument in ("-var", f"{name}={value}")]


class Terraform:
    """Terraform for one environment. `dev` uses the workspace `default`, any other the workspace of its name.

    TF_WORKSPACE chooses the workspace. `workspace select` would also change it for the user's own next command.
    """

    def __init__(self, directory: Path, environment: str, *, timeout: float, lock_timeout: float):
        self.directory = directory
        self.environment = environment
        self.timeout = timeout
        self.lock_timeout = lock_timeout

    def check_environment(self) -> None:
        """Raises UnknownEnvironmentError unless environments/<environment>.tfvars exists."""
        if self._variables_file.is_file():
            return
        known = sorted(path.stem for path in self._variables_file.parent.glob("*.tfvars"))
        raise UnknownEnvironmentError(
            f"There is no environment {self.environment!r}: {self._variables_file} does not exist.",
            hint=f"Known environments: {', '.join(known) or 'none'}.",
        )

    def init(self) -> None:
        """Installs the providers of the lock file."""
        environment = {key: value for key, value in self._env().items() if key != "TF_WORKSPACE"}
        result = capture(["terraform", "init", "-input=false", "-no-color"], cwd=self.directory, env=environment)
        if result.returncode:
            raise _failure("terraform init", _last_lines(result.stderr or result.stdout))

    def outputs(self) -> dict[str, Any]:
        """The state's outputs by name. There are none before the first apply."""
        result = self._capture("output", "-json", "-no-color")
        if result.returncode:
            raise _failure("terraform output", _last_lines(result.stderr))
        return {name: output["value"] for name, output in json.loads(result.stdout or "{}").items()}

    def variables(self, *names: str) -> dict[str, Any]:
        """The values of input variables, from this environment's tfvars, TF_VAR_… and defaults.

        It evaluates a copy of variables.tf in an empty folder. That needs no init, no credentials and no state.
        """
        wanted = ", ".join(f"{name} = var.{name}" for name in names)
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copy(self.directory / "variables.tf", scratch)
            result = capture(
                ["terraform", "console", f"-var-file={self._variables_file.resolve()}"],
                cwd=Path(scratch),
                env={**self._env(), "TF_WORKSPACE": "default", "TF_DATA_DIR": scratch},
                stdin=f"jsonencode({{{wanted}}})\n",
            )
        lines = result.stdout.strip().splitlines()
        if result.returncode or not lines:
            raise _failure("terraform console", _last_lines(result.stderr or result.stdout))
        return dict(json.loads(json.loads(lines[-1])))

    def apply(self, tags: Tags, show: Show) -> None:
        self._change("apply", ["-auto-approve", *tags.arguments()], show)

    def plan(self, tags: Tags, show: Show, *, destroy: bool = False) -> None:
        """Shows what an apply would change. It takes no lock and changes nothing."""
        self._change("plan", ["-lock=false", *(["-destroy"] if destroy else []), *tags.arguments()], show)

    def destroy(self, tags: Tags, show: Show) -> None:
        self._change("destroy", ["-auto-approve", *tags.arguments()], show)

    def delete_workspace(self) -> None:
        """Deletes the empty workspace. Terraform cannot delete `default`."""
        if self._workspace != "default":
            environment = {**self._env(), "TF_WORKSPACE": "default"}
            capture(["terraform", "workspace", "delete", self._workspace], cwd=self.directory, env=environment)

    def _change(self, action: str, arguments: Sequence[str], show: Show) -> None:
        # With plan's -lock=false, terraform ignores -lock-timeout.
        command = ["terraform", action, "-json", "-input=false", f"-lock-timeout={self.lock_timeout:.0f}s"]
        command += [f"-var-file={self._variables_file}", *arguments]
        reader = EventReader(show, every_change=action == "plan")
        code = stream(command, reader.read, cwd=self.directory, env=self._env(), timeout=self.timeout)
        if code is None:
            raise TerraformError(
                f"terraform {action} took longer than {self.timeout:.0f} s and was interrupted.",
                hint="The state has the finished part. Run the same command again, or raise --terraform-timeout.",
            )
        if code:
            raise _failure(f"terraform {action}", reader.errors or reader.plain[-LAST_LINES:])

    def _capture(self, *arguments: str) -> Any:
        return capture(["terraform", *arguments], cwd=self.directory, env=self._env())

    @property
    def _workspace(self) -> str:
        return "default" if self.environment == DEFAULT_ENVIRONMENT else self.environment

    @property
    def _variables_file(self) -> Path:
        return self.directory / "environments" / f"{self.environment}.tfvars"

    def _env(self) -> dict[str, str]:
        # Only the command line sets the tags. A forgotten TF_VAR_image_tag must not deploy an image.
        kept = {k: v for k, v in os.environ.items() if k not in ("TF_VAR_image_tag", "TF_VAR_migrate_image_tag")}
        return {**kept, "TF_WORKSPACE": self._workspace, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


class EventReader:
    """Reads `terraform -json` line by line: counts changes, keeps errors."""

    def __init__(self, show: Show, *, every_change: bool):
        self._show = show
        self._every_change = every_change
        self._done = 0
        self._planned = 0
        self.errors: list[str] = []
        self.plain: list[str] = []

    def read(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            self.plain.append(line)
            return
        handler = getattr(self, f"_on_{event.get('type')}", None)
        if handler:
            handler(event)

    def _on_planned_change(self, event: dict[str, Any]) -> None:
        if self._every_change:
            self._show.line(f"{event['change']['action']} {event['change']['resource']['addr']}")

    def _on_change_summary(self, event: dict[str, Any]) -> None:
        changes = event["changes"]
        self._planned = changes["add"] + changes["change"] + changes["remove"]
        self._show.line(str(event["@message"]))

    def _on_apply_start(self, event: dict[str, Any]) -> None:
        hook = event["hook"]
        seconds = f" ({hook['elapsed_seconds']} s)" if hook.get("elapsed_seconds") else ""
        self._show.note(f"{self._done}/{self._planned} {hook['action']} {hook['resource']['addr']}{seconds}")

    _on_apply_progress = _on_apply_start

    def _on_apply_complete(self, event: dict[str, Any]) -> None:
        if event["hook"]["action"] != "read":
            self._done += 1

    def _on_diagnostic(self, event: dict[str, Any]) -> None:
        diagnostic = event["diagnostic"]
        if diagnostic["severity"] != "error":
            return
        where = diagnostic.get("address") or (diagnostic.get("range") or {}).get("filename")
        self.errors.append(diagnostic["summary"] + (f" ({where})" if where else ""))
        self.errors += [f"  {line}" for line in _last_lines(diagnostic.get("detail", ""))]


def _failure(what: str, lines: list[str]) -> DeployError:
    text = "\n".join(lines)
    if "Error acquiring the state lock" in text:
        return StateLockedError(
            "The Terraform state is locked: another terraform is running, or one died and left its lock.",
            details=[line for line in lines if line.strip()],
            hint="Wait for it. If nobody runs terraform, run `terraform force-unlock <ID>` in terraform/.",
        )
    if any(sign in text for sign in NO_CREDENTIALS):
        return CredentialsError(f"{what} got no usable AWS credentials.", details=lines[:LAST_LINES], hint=SIGN_IN_HINT)
    kept = "" if what == "terraform init" else "The state has the finished part. "
    hint = f"{kept}Fix the error, then run the same command again."
    return TerraformError(f"{what} failed.", details=lines, hint=hint)


def _last_lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.splitlines() if line.strip(" ╷│╵")]
    return lines[-LAST_LINES:]
