"""`make lint`: every check, all of them run, the failed ones named at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

#: Django commands need settings; none of these reaches a database.
SETTINGS = {
    "SECRET_KEY": "only-for-checks-" + "q7Zr4" * 10,
    "DATABASE_URL": "postgres://nobody@localhost/none",
    "ALLOWED_HOSTS": "api.example.com",
    "NUM_PROXIES": "1",
    "DEBUG": "false",
}


@dataclass(frozen=True)
class Check:
    """A command; without Terraform, where it needs it, it is skipped with a word (with CI=true it fails)."""

    name: str
    command: tuple[str, ...]
    needs_terraform: bool = False

    def tool(self) -> str:
        """The tool: of this environment if it has it, else of the machine."""
        name = self.command[0]
        return str(BIN / name) if (BIN / name).exists() else name


DJANGO = ("python", "manage.py")
CHECKS = (
    Check("style", ("ruff", "check", ".")),
    Check("format", ("ruff", "format", "--check", ".")),
    Check("types", ("mypy",)),
    Check("settings", (*DJANGO, "check", "--deploy", "--fail-level", "WARNING")),
    Check("schema", (*DJANGO, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)),
    Check("migrations", ("python", "-m", "dev.migrations")),
    Check("terraform format", ("terraform", "fmt", "-check", "-recursive", "-diff", "terraform"), needs_terraform=True),
    Check("terraform", ("python", "-m", "dev.terraform"), needs_terraform=True),
)


def run(check: Check) -> bool:
    """Whether the check passed; its output is shown where it did not."""
    if check.needs_terraform and not shutil.which("terraform"):
        print(f"  skip  {check.name}: install Terraform 1.11 or newer")
        return os.environ.get("CI") != "true"
    result = subprocess.run(
        [check.tool(), *check.command[1:]],
        cwd=ROOT,
        env={**os.environ, **SETTINGS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = result.returncode == 0
    print(f"  {'ok' if passed else 'FAIL':<5} {check.name}", flush=True)
    if not passed:
        print(result.stdout)
    return passed


def main() -> int:
    """Runs them all; 1 if one failed."""
    failed = [check.name for check in CHECKS if not run(check)]
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
