"""Finds the tools of these tests: Terraform, a Python with moto, and checkov."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def terraform() -> str | None:
    """Path of the terraform command, or None."""
    return shutil.which("terraform")


def moto_python() -> str | None:
    """Path of a Python that can import moto's server, or None.

    Looks at $MOTO_PYTHON, at the environment of `requirements-terraform.txt` and at the tests' own.
    """
    candidates = (os.environ.get("MOTO_PYTHON"), ROOT / ".venv-terraform/bin/python", sys.executable)
    return next((str(python) for python in candidates if python and _imports_moto(python)), None)


def checkov() -> str | None:
    """Path of the checkov command, or None. Looks at $CHECKOV, at .venv-checkov and at PATH."""
    candidates = (os.environ.get("CHECKOV"), str(ROOT / ".venv-checkov/bin/checkov"), "checkov")
    return next((found for name in candidates if name and (found := shutil.which(name))), None)


def missing() -> str | None:
    """One line that says what to install, or None when nothing is missing."""
    if terraform() is None:
        return "terraform is missing: install Terraform 1.11 or later"
    if moto_python() is None:
        return "moto is missing: make .venv-terraform/installed"
    return None


def _imports_moto(python: str | Path) -> bool:
    if not Path(python).exists():
        return False
    # find_spec is fast, while an import of the server takes seconds.
    program = "import importlib.util as u, sys; sys.exit(not (u.find_spec('moto') and u.find_spec('flask')))"
    return subprocess.run([python, "-c", program], check=False, capture_output=True).returncode == 0
