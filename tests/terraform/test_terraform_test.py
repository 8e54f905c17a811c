"""Runs the tests of terraform/tests."""

from __future__ import annotations

import pytest

from tests.terraform.requirements import ROOT
from tests.terraform.terraform_tests import Result

FILES = sorted(str(path.relative_to(ROOT / "terraform")) for path in (ROOT / "terraform/tests").rglob("*.tftest.hcl"))


@pytest.mark.parametrize("file", FILES)
def test_every_run_passes(file: str, terraform_test: dict[str, Result]) -> None:
    result = terraform_test[file]
    assert result.status == "pass", "\n".join(result.diagnostics)
    assert result.runs
    assert set(result.runs.values()) == {"pass"}
