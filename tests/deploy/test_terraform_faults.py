"""Terraform that fails, waits or is interrupted."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import time

import pytest

from tests.deploy.local import LocalProject
from tests.deploy.project import ROOT
from tests.deploy.scripted_ecs import ScriptedEcs

pytestmark = [pytest.mark.deploy, pytest.mark.slow]


def test_an_apply_that_fails(deployed: LocalProject, ecs: ScriptedEcs) -> None:
    deployed.write_variables("dev", fault="echo the disk is full >&2; false")
    deployed.up("v2").expect(
        20, "terraform apply failed.", "the disk is full", "Serving now: v1.", "run the same command again"
    )
    assert ecs.serving() == "v1"


def test_a_configuration_that_is_wrong(deployed: LocalProject) -> None:
    (deployed.terraform / "extra.tf").write_text('output "x" { value = var.no_such_variable }\n')
    deployed.up("v2").expect(20, "Reference to undeclared input variable", "extra.tf")


def test_a_locked_state(deployed: LocalProject) -> None:
    state = deployed.terraform / "terraform.tfstate"
    with state.open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        deployed.up("v2", "--state-lock-timeout", "0").expect(
            21, "The Terraform state is locked", "terraform force-unlock", "Serving now: v1."
        )


def test_only_the_command_line_names_an_image(project: LocalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_image_tag", "forgotten")
    run = project.deploy("up", "--image-tag", "v1", "--dry-run").expect(0, "create terraform_data.base")
    assert "terraform_data.api" not in run.output


def test_too_long(deployed: LocalProject) -> None:
    deployed.write_variables("dev", fault="sleep 2")
    deployed.up("v2", "--terraform-timeout", "1").expect(20, "took longer than 1 s and was interrupted")


def test_interrupted_once_it_ends_in_order(deployed: LocalProject, ecs: ScriptedEcs) -> None:
    started = deployed.terraform / ".started"
    deployed.write_variables("dev", fault=f"touch {started} && sleep 60")
    arguments = deployed.arguments("up", "--image-tag", deployed.has_image("v2"), "--skip-smoke")
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy", *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 20
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130, output
    assert "Interrupted." in output
    assert "Traceback" not in output
    deployed.deploy("status").expect(0, "deploying    nobody")
    # Terraform stopped in order: its state is readable and not locked.
    deployed.write_variables("dev")
    deployed.up("v2").expect(0)
    assert ecs.serving() == "v2"
