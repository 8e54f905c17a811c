"""The deploy workflow's own lines, without GitHub."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.support.service import ROOT


def job() -> dict[str, Any]:
    return yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())["jobs"]["deploy"]


def test_the_back_end_gets_the_buckets_own_region(tmp_path: Path) -> None:
    (tmp_path / "terraform").mkdir()
    example = (ROOT / "terraform/backend.tf.example").read_text()
    (tmp_path / "terraform/backend.tf.example").write_text(example)
    step = next(step for step in job()["steps"] if "backend.tf" in step.get("run", ""))
    assert step["env"]["REGION"] == "${{ vars.TERRAFORM_STATE_REGION || vars.AWS_REGION }}"
    values = {"BUCKET": "our-state", "REGION": "eu-central-1", "PATH": "/usr/bin:/bin"}
    subprocess.run(["bash", "-euc", step["run"]], cwd=tmp_path, env=values, check=True)
    written = (tmp_path / "terraform/backend.tf").read_text()
    assert 'region       = "eu-central-1"' in written
    assert 'bucket       = "our-state"' in written
    assert "REPLACE-ME" not in written


def test_an_arm64_image_can_be_built_on_an_arm64_machine() -> None:
    assert job()["runs-on"] == "${{ vars.DEPLOY_RUNNER || 'ubuntu-24.04' }}"
