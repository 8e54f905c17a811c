"""What these tests run besides Python: Terraform, a Python that has moto, checkov."""

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

    $MOTO_PYTHON, the environment of its own that `requirements-terraform.txt` is for, or the one of the tests.
    """
    candidates = (os.environ.get("MOTO_PYTHON"), ROOT / ".venv-terraform/bin/python", sys.executable)
    return next((str(python) for python in candidates if python and _imports_moto(python)), None)


def checkov() -> str | None:
    """Path of the checkov command, or None: $CHECKOV, an environment of its own, or the PATH."""
    candidates = (os.environ.get("CHECKOV"), str(ROOT / ".venv-checkov/bin/checkov"), "checkov")
    return next((found for name in candidates if name and (found := shutil.which(name))), None)


def missing() -> str | None:
    """One line saying what to install, or None when nothing is missing."""
    if terraform() is None:
        return "terraform is missing: install Terraform 1.11 or later"
    if moto_python() is None:
        return "moto is missing: make .venv-terraform/installed"
    return None


def _imports_moto(python: str | Path) -> bool:
    if not Path(python).exists():
        return False
    # Finding the package takes no time; importing the server takes seconds.
    program = "import importlib.util as u, sys; sys.exit(not (u.find_spec('moto') and u.find_spec('flask')))"
    return subprocess.run([python, "-c", program], check=False, capture_output=True).returncode == 0
