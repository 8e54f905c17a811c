"""Runs `terraform test`, once for each workspace."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from typing import Any

from tests.terraform.account import Account
from tests.terraform.stack import COMMAND_SECONDS, Stack

#: What needs variables of a file, by its folder: the workspace and the file.
OF_FILES = {
    "prod": ("prod", "environments/prod.tfvars"),
    "examples/dev": ("default", "examples/dev.tfvars"),
    "examples/prod": ("prod", "examples/prod.tfvars"),
}
# The longest name of an environment, and so of a workspace.
LONGEST = "abcdefghij"


@dataclasses.dataclass
class Result:
    """The result of a file (pass, fail or error), the status of its runs, and the messages of failures.

    With -verbose also the planned changes: dicts of Terraform's JSON output format with `type`, `address` and `change`.
    """

    status: str
    runs: dict[str, str]
    diagnostics: list[str]
    changes: list[dict[str, Any]]


def run(account: Account) -> dict[str, Result]:
    """Results by file."""
    account.wait()
    stack = Stack(account.directory.parent / "terraform", account)
    stack.init()
    results = _test(stack, "default") | _test(stack, LONGEST, "-test-directory=tests/longest", "-verbose")
    for folder, (workspace, file) in OF_FILES.items():
        results |= _test(stack, workspace, f"-test-directory=tests/{folder}", f"-var-file={file}")
    return results


def _test(stack: Stack, workspace: str, *options: str) -> dict[str, Result]:
    answer = subprocess.run(
        ["terraform", "test", "-json", *options],
        cwd=stack.directory,
        env=stack.account.environment | {"TF_WORKSPACE": workspace},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    results: dict[str, Result] = {}
    for line in answer.stdout.splitlines():
        event = json.loads(line)
        file = results.setdefault(event["@testfile"], Result("", {}, [], [])) if "@testfile" in event else None
        if file is None:
            continue
        if event["type"] == "test_run" and "status" in event["test_run"]:
            file.runs[event["test_run"]["run"]] = event["test_run"]["status"]
        elif event["type"] == "test_file" and event["test_file"].get("status"):
            file.status = event["test_file"]["status"]
        elif event["type"] == "test_plan":
            file.changes += event["test_plan"]["resource_changes"]
        elif event["type"] == "diagnostic":
            file.diagnostics.append(event["diagnostic"]["summary"] + ": " + event["diagnostic"].get("detail", ""))
    assert results, answer.stdout + answer.stderr
    return results
