"""Two generators make clients of the document; programs on them pass the check of types, and work with the service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev.openapi import COMMANDS, NODE
from tests.support.service import ROOT, Service

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
PYTHON = ROOT / ".venv-clients" / "bin"

NAMES = ["first", *(f"no. {number}" for number in range(5))]
EXPECTED = {
    "read": True,
    "many": 5,
    "changed": [200, "changed"],
    "stale": [412, True],
    "refused": ["name"],
    "pages": [NAMES[:2], NAMES[2:4], NAMES[4:]],
    "lines": NAMES[::-1],
    "deleted": 204,
    "gone": True,
}
#: Foreign key, choice, decimal, date; array, any JSON; and a filter by foreign key and decimal.
ORDERS = {
    "made": [True, "open", "9.50", "2026-01-31"],
    "json": [["a"], ["any", None, 1.5]],
    "changed": "10.25",
    "listed": [True],
}


@pytest.fixture
def document(running_service: Service, tmp_path: Path) -> Path:
    """The document of the running service, whose tables are empty."""
    running_service.execute("TRUNCATE sample_gadget, sample_customer CASCADE")
    path = tmp_path / "document.json"
    path.write_bytes(running_service.get("/schema").content)
    return path


def run(*command: object, folder: Path, **environment: str) -> str:
    """What the command prints; raises AssertionError with that if it fails."""
    result = subprocess.run(
        [str(word) for word in command],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def python(document: Path) -> Callable[[str], str]:
    """A function that runs the Python program against an address; mypy has found its types right."""
    if not PYTHON.is_dir():
        pytest.skip("openapi-python-client is missing: make .venv-clients/installed")
    folder, path = document.parent, f"{PYTHON}:{os.environ['PATH']}"
    generate = ("generate", "--meta=none", "--fail-on-warning", "--output-path=client", f"--path={document}")
    run(PYTHON / "openapi-python-client", *generate, folder=folder, PATH=path)
    shutil.copy(HERE / "session.py", folder)
    check = f"--strict --follow-imports=silent --config-file= --python-executable={PYTHON / 'python'} session.py"
    run(sys.executable, "-m", "mypy", *check.split(), folder=folder)
    return lambda url: run(PYTHON / "python", "session.py", url, folder=folder)


@pytest.fixture
def typescript(document: Path) -> Callable[[str], str]:
    """A function that runs the TypeScript program against an address; the compiler has found its types right."""
    if not COMMANDS.is_dir():
        pytest.skip("openapi-typescript is missing: install Node.js 20.19 or newer with npm")
    folder = document.parent
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copy(HERE / "session.ts", folder)
    run(COMMANDS / "openapi-typescript", document, "--output=schema.d.ts", folder=folder)
    run(COMMANDS / "tsc", *"--strict --module nodenext --target es2022 session.ts".split(), folder=folder)
    return lambda url: run("node", "session.js", url, folder=folder)


@pytest.mark.parametrize("client", ["python", "typescript"])
def test_a_generated_client_does_all_that_the_service_offers(
    request: pytest.FixtureRequest, running_service: Service, client: str
) -> None:
    session: Callable[[str], str] = request.getfixturevalue(client)
    saw: dict[str, Any] = json.loads(session(running_service.url))
    assert saw["gadgets"] == EXPECTED
    assert saw["orders"] == ORDERS
