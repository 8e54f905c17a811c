"""`make lint`: every check, all of them run, two at a time, the failed ones named at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

#: A check's exit code for "could not look"; what it printed says why.
SKIPPED = 77

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
    Check("layers", ("lint-imports", "--no-cache")),
    Check("settings", (*DJANGO, "check", "--deploy", "--fail-level", "WARNING")),
    Check("schema", (*DJANGO, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)),
    Check("migrations", ("python", "-m", "dev.migrations")),
    Check("terraform format", ("terraform", "fmt", "-check", "-recursive", "-diff", "terraform"), needs_terraform=True),
    Check("terraform", ("python", "-m", "dev.terraform"), needs_terraform=True),
    Check("leaked credentials", ("python", "-m", "dev.leaks")),
    Check("workflows", ("zizmor", "--offline", "--no-progress", "--quiet", ".")),
    Check("vulnerable packages", ("python", "-m", "dev.audit")),
)


def run(check: Check) -> tuple[bool, str]:
    """Whether the check passed, and what there is to say: its output where it did not."""
    if check.needs_terraform and not shutil.which("terraform"):
        return os.environ.get("CI") != "true", f"  skip  {check.name}: install Terraform 1.11 or newer"
    result = subprocess.run(
        [check.tool(), *check.command[1:]],
        cwd=ROOT,
        env={**os.environ, **SETTINGS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode == SKIPPED:
        return True, f"  skip  {check.name}: {result.stdout.strip()}"
    if result.returncode:
        return False, f"  FAIL  {check.name}\n{result.stdout}"
    return True, f"  ok    {check.name}"


def main() -> int:
    """Runs them all; 1 if one failed."""
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, (passed, said) in zip(CHECKS, pool.map(run, CHECKS), strict=True):
            print(said, flush=True)
            failed += [] if passed else [check.name]
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
