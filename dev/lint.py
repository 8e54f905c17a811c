"""`make lint`: runs every check, two at a time, and names the failed ones at the end."""

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

#: The exit code of a check that could not run. Its output says why.
SKIPPED = 77

#: Django's commands need settings. None of these commands connects to a database.
SETTINGS = {
    "SECRET_KEY": "only-for-checks-" + "q7Zr4" * 10,
    "DATABASE_URL": "postgres://nobody@localhost/none",
    "ALLOWED_HOSTS": "api.example.com",
    "NUM_PROXIES": "1",
    "DEBUG": "false",
}


@dataclass(frozen=True)
class Check:
    """A command. A check that needs Terraform is skipped without it; with CI=true it fails."""

    name: str
    command: tuple[str, ...]
    needs_terraform: bool = False
    takes_files: bool = False

    def tool(self) -> str:
        """The command from this environment if it is there, otherwise from PATH."""
        name = self.command[0]
        return str(BIN / name) if (BIN / name).exists() else name


#: The plug-ins that guess by entropy or by names such as `password` find hashes and test data. Excluded are passwords
#: in URLs of documentation, templates and tests.
LEAKS = (
    "detect-secrets-hook",
    "--no-verify",
    *(f"--disable-plugin={name}" for name in ("KeywordDetector", "IPPublicDetector")),
    *(f"--disable-plugin={name}HighEntropyString" for name in ("Base64", "Hex")),
    r"--exclude-secrets=^(PASSWORD|\{[\w.]+\}|local|secret|s3cr3t|p|b)$",
    r"--exclude-files=\.svg$",
)
DJANGO = ("python", "manage.py")
CHECKS = (
    Check("style", ("ruff", "check", ".")),
    Check("format", ("ruff", "format", "--check", ".")),
    Check("types", ("mypy",)),
    Check("layers", ("lint-imports", "--no-cache")),
    Check("settings", (*DJANGO, "check", "--deploy", "--fail-level", "WARNING")),
    Check("schema", ("python", "-m", "dev.openapi")),
    Check("migrations", ("python", "-m", "dev.migrations")),
    Check("terraform format", ("terraform", "fmt", "-check", "-recursive", "-diff", "terraform"), needs_terraform=True),
    Check("terraform", ("python", "-m", "dev.terraform"), needs_terraform=True),
    Check("leaked credentials", LEAKS, takes_files=True),
    Check("workflows", ("zizmor", "--offline", "--no-progress", "--quiet", ".")),
    Check("vulnerable packages", ("python", "-m", "dev.audit")),
)


def tracked(folder: Path) -> list[str]:
    """The files that Git has or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return [name for name in output.split("\0") if (folder / name).is_file()]


def run(check: Check) -> tuple[bool, str]:
    """Whether the check passed, and the text to print. A failed check's text contains its output."""
    if check.needs_terraform and not shutil.which("terraform"):
        return os.environ.get("CI") != "true", f"  skip  {check.name}: install Terraform 1.11 or newer"
    result = subprocess.run(
        [check.tool(), *check.command[1:], *(tracked(ROOT) if check.takes_files else ())],
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
    """Runs all checks. Returns 1 if one failed."""
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
