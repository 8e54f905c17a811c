"""Part of `make lint`: the migrations must be complete, and compatible with the code that serves while they run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dev import postgres

ROOT = Path(__file__).resolve().parent.parent

COMMANDS = (
    ("makemigrations", "--check", "--dry-run"),
    # Old tasks serve during a migration, so it must keep the columns that they use.
    ("lintmigrations",),
)


def main() -> int:
    """Returns 0 if both checks pass. Otherwise they print the reason and it returns 1."""
    with tempfile.TemporaryDirectory(prefix="itemsvc-") as folder:
        Path(folder).chmod(0o755)
        with postgres.running(Path(folder) / "postgres", "lint") as server:
            settings = {"DATABASE_URL": postgres.url(server, "lint"), "DJANGO_SETTINGS_MODULE": "dev.lint_settings"}
            environment = os.environ | settings
            codes = [
                subprocess.run(
                    [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=False
                ).returncode
                for command in COMMANDS
            ]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
