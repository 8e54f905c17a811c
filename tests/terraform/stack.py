"""A copy of the project's terraform directory with its own state, and the terraform command on it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.terraform.account import Account
from tests.terraform.requirements import ROOT

# Minutes more than any command takes, so that only a hang reaches it.
COMMAND_SECONDS = 1800
NO_CHANGES, CHANGES = 0, 2


class Stack:
    """One environment in one account, from an unchanged copy of the project's directory."""

    def __init__(self, directory: Path, account: Account, *variables: str, workspace: str = "default") -> None:
        self.account = account
        self.directory = directory
        self.variables = variables
        self.workspace = workspace
        # The output of all commands.
        self.output = ""
        self._plans = 0
        shutil.copytree(
            ROOT / "terraform", directory, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*", "backend.tf")
        )

    def init(self) -> None:
        """Installs the provider, and selects the workspace."""
        self.run("init", "-input=false")
        if self.workspace != "default":
            self.run("workspace", "new", self.workspace)

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Runs terraform. Raises AssertionError with its output when its exit code is not in `codes`."""
        answer = subprocess.run(
            ["terraform", *arguments],
            cwd=self.directory,
            env=self.account.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        said = answer.stdout + answer.stderr
        self.output += said
        assert answer.returncode in codes, f"terraform {' '.join(arguments)} ended with {answer.returncode}:\n{said}"
        return answer

    def apply(self, *variables: str) -> None:
        """Applies with the stack's variables and these."""
        self.run("apply", "-auto-approve", *self._options(variables))

    def apply_plan(self) -> None:
        """Applies the last saved plan."""
        self.run("apply", "-input=false", "-no-color", self._plan_file)

    def plan(self, *variables: str) -> dict[str, str]:
        """Saves a plan and returns the action by resource address. It is empty when nothing changes.

        Every plan file stays, for the search for secrets.
        """
        self._plans += 1
        options = [f"-out={self._plan_file}", "-detailed-exitcode", "-json", *self._options(variables)]
        answer = self.run("plan", *options, codes=(NO_CHANGES, CHANGES))
        changes = [event["change"] for event in _events(answer.stdout) if event["type"] == "planned_change"]
        actions = {change["resource"]["addr"]: change["action"] for change in changes}
        # The exit code also shows a change of an output alone.
        assert bool(actions) == (answer.returncode == CHANGES), answer.stdout
        return actions

    def refused(self, *variables: str) -> str:
        """The errors of a plan that must fail."""
        answer = self.run("plan", "-json", *self._options(variables), codes=(1,))
        return "\n".join(event["diagnostic"]["detail"] for event in _events(answer.stdout) if event.get("diagnostic"))

    def outputs(self) -> dict[str, Any]:
        """The outputs' values by name."""
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json").stdout).items()}

    def destroy(self, *variables: str) -> None:
        """Destroys everything in the state."""
        self.run("destroy", "-auto-approve", *self._options(variables))

    @property
    def _plan_file(self) -> str:
        return f"plan-{self._plans}.tfplan"

    def _options(self, variables: tuple[str, ...]) -> list[str]:
        given = [*self.variables, *variables]
        return ["-input=false", "-no-color", *(v if v.startswith("-") else f"-var={v}" for v in given)]


def _events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
