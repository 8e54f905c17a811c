"""Tests of the Terraform that need no account."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.terraform import requirements
from tests.terraform.requirements import ROOT
from tests.terraform.stack import Stack

TERRAFORM = ROOT / "terraform"
SKIP = re.compile(r"#\s*checkov:skip=(?P<check>\w+)(?::(?P<reason>.*))?")


def test_it_is_formatted(installed: None) -> None:
    answer = subprocess.run(
        ["terraform", f"-chdir={TERRAFORM}", "fmt", "-check", "-recursive", "-diff"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_it_is_valid(empty: Stack) -> None:
    assert json.loads(empty.run("validate", "-json").stdout)["diagnostics"] == []


def test_the_provider_is_locked_for_every_platform() -> None:
    lock = (TERRAFORM / ".terraform.lock.hcl").read_text()
    assert 'constraints = "~> 5.100"' in lock
    # zh: checksums cover the archives of all platforms, not only of the one that wrote the file.
    assert lock.count('"zh:') > 10


def test_no_endpoint_and_no_credential_is_in_it() -> None:
    text = "\n".join(path.read_text() for path in TERRAFORM.rglob("*.tf"))
    # The collector in the service's task is not an endpoint of AWS.
    text = text.replace("http://localhost:4318", "").replace('"localhost:4318"', "")
    assert not re.findall(r"endpoints\s*\{|skip_credentials_validation|access_key\s*=|127\.0\.0\.1|localhost", text)


@pytest.mark.parametrize("kind", ["variable", "output"])
def test_everything_is_described(kind: str) -> None:
    text = "\n".join(path.read_text() for path in TERRAFORM.rglob("*.tf"))
    blocks = re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL)
    assert blocks
    assert [name for name, body in blocks if not re.search(r'description = (".{10,}"|<<-EOT)', body)] == []
    if kind == "variable":
        assert [name for name, body in blocks if not re.search(r"^  type +=", body, re.MULTILINE)] == []


def test_checkov_has_no_finding_and_every_skip_a_reason() -> None:
    checkov = requirements.checkov()
    if checkov is None:
        pytest.skip("checkov is missing: make .venv-checkov/installed")
    options = ["--framework=terraform", "--skip-download", "--output=json"]
    answer = subprocess.run(
        [checkov, f"--directory={TERRAFORM}", *options], capture_output=True, text=True, check=False
    )
    results = json.loads(answer.stdout)["results"]
    found = [f"{check['check_id']} {check['resource']}: {check['check_name']}" for check in results["failed_checks"]]
    assert found == []
    assert len(results["passed_checks"]) > 150

    written = {
        (match["check"], path.relative_to(TERRAFORM).as_posix()): match["reason"] or ""
        for path in TERRAFORM.rglob("*.tf")
        for match in SKIP.finditer(path.read_text())
    }
    used = {(check["check_id"], check["file_path"].lstrip("/")) for check in results["skipped_checks"]}
    assert [skip for skip, reason in written.items() if len(reason.strip()) < 10] == []
    assert sorted(set(written) - used) == []
