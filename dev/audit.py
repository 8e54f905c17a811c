"""Part of `make lint`: looks for known vulnerabilities of the pinned packages, by pip-audit.

When pip-audit's source is out of reach, it prints one line and ends with the exit code of a skipped check.
Arguments go to pip-audit. `python -m dev.audit --vulnerability-service osv` uses another source.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from dev.lint import SKIPPED

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json")
PROBE_SECONDS, AUDIT_SECONDS = 10, 300
NOT_RUN = "did not run: its source of vulnerabilities cannot be asked from here"


def main(arguments: list[str]) -> int:
    """Prints the vulnerabilities. Returns 1 if there are some, and SKIPPED when the source is out of reach."""
    pins = {pin for file in ROOT.glob("requirements*.txt") for pin in pins_of(file)}
    # One request for Django shows whether the source is within reach. Every good source knows Django.
    reached = audit([pin for pin in pins if pin.startswith("django==")], arguments, PROBE_SECONDS)
    answers = [audit(part, arguments, AUDIT_SECONDS) for part in without_repeats(pins)] if reached else [None]
    if None in answers:
        print(NOT_RUN)
        return SKIPPED
    audited = [package for answer in answers for package in answer or ()]
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {versions(vulnerability)}"
        for package in audited
        for vulnerability in package["vulns"]
    ]
    print("\n".join(found) or f"{len(audited)} of {len(pins)} packages audited")
    return 1 if found else 0


def pins_of(file: Path) -> list[str]:
    """The `name==version` of each requirement, without markers and hashes."""
    lines = [line for line in file.read_text().splitlines() if "==" in line and not line.startswith((" ", "#"))]
    return [line.split(" ", 1)[0] for line in lines]


def without_repeats(pins: set[str]) -> list[list[str]]:
    """Splits the pins so that no part has two versions of a package, which pip-audit would refuse."""
    parts: list[dict[str, str]] = []
    for pin in sorted(pins):
        name = pin.partition("==")[0]
        part = next((part for part in parts if name not in part), None)
        if part is None:
            parts.append(part := {})
        part[name] = pin
    return [list(part.values()) for part in parts]


def audit(pins: list[str], arguments: list[str], seconds: int) -> list[dict[str, Any]] | None:
    """The packages that the source knows, with their `vulns`. None when the source is out of reach."""
    with tempfile.NamedTemporaryFile("w", prefix="requirements-", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        command = [*COMMAND, "--timeout=5", f"--requirement={file.name}", *arguments]
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return None
    # Without its source pip-audit writes no JSON. It exits with 1, as for a vulnerability.
    if not result.stdout.startswith("{"):
        return None
    return [package for package in json.loads(result.stdout)["dependencies"] if "vulns" in package]


def versions(vulnerability: dict[str, Any]) -> str:
    """The releases without this vulnerability."""
    return ", ".join(vulnerability["fix_versions"]) or "no release yet"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
