"""Part of `make lint`: the OpenAPI document is valid, and Spectral and Redocly find nothing in it.

The linters run in Node.js. Without it drf-spectacular alone checks the document; with CI=true that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev.lint import ROOT, SETTINGS, SKIPPED

NODE = ROOT / "dev" / "node"
#: The tools' commands.
COMMANDS = NODE / "node_modules" / ".bin"
NOT_RUN = "only drf-spectacular has looked at it; for Spectral and Redocly install Node.js 20.19 or newer, with npm"

#: Every linter's command, but for the documents. Warnings are failures too.
LINTERS = {
    "Spectral": ("spectral", "lint", f"--ruleset={NODE / 'spectral.yaml'}", "--fail-severity=warn"),
    "Redocly": ("redocly", "lint", f"--config={NODE / 'redocly.yaml'}", "--format=stylish"),
}
#: Redocly may not call home.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}

TOKENS = {"API_AUTH": "oidc", "OIDC_ISSUER": "https://issuer.example.com", "OIDC_AUDIENCE": "api", "RATE_LIMIT": "9/s"}
#: The settings of each document: the service as it comes; with tokens, a rate limit and models of every shape.
DOCUMENTS = {"open": {"API_AUTH": "none"}, "secured": TOKENS | {"DJANGO_SETTINGS_MODULE": "tests.sample.settings"}}


def main() -> int:
    """Prints what was found. Returns 1 if that is anything, and SKIPPED if the linters are not there."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=2) as pool:
        documents = [Path(folder) / f"{name}.json" for name in DOCUMENTS]
        found = list(filter(None, pool.map(generate, documents)))
        if not found and COMMANDS.is_dir():
            found = list(filter(None, pool.map(lambda linter: findings(linter, documents), LINTERS)))
    if found or COMMANDS.is_dir():
        print("\n".join(found))
        return 1 if found else 0
    print(NOT_RUN)
    return 1 if os.environ.get("CI") == "true" else SKIPPED


def generate(document: Path) -> str:
    """Writes the document of that name; returns drf-spectacular's complaints, or an empty text."""
    command = (sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn")
    settings = SETTINGS | DOCUMENTS[document.stem]
    return _complaints([*command, "--format=openapi-json", f"--file={document}"], ROOT, settings)


def findings(linter: str, documents: list[Path]) -> str:
    """What the linter finds in the documents, which lie in one folder; an empty text if that is nothing."""
    command, *arguments = LINTERS[linter]
    names = [document.name for document in documents]
    return _complaints([str(COMMANDS / command), *arguments, *names], documents[0].parent, QUIET)


def _complaints(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    environment = {**os.environ, **environment}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return f"{Path(command[0]).name}:\n{result.stdout}{result.stderr}" if result.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
