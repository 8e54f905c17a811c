"""The service against its own schema: thousands of requests that schemathesis makes up, every check of it on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.service import ROOT, Service

#: Requests for each operation and kind of data; raise it for a long run.
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "25"))
HOOKS = "tests.api.schemathesis_hooks"
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")


def test_every_check_passes(service: Service, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        service.post("/items", json={"name": name})
    logged = len(service.log_lines())
    run = subprocess.run(
        [Path(sys.executable).parent / "st", "--no-color", "run", f"{service.url}/schema",
         "--checks=all", "--phases=examples,coverage,fuzzing,stateful", f"--max-examples={EXAMPLES}", f"--seed={SEED}",
         "--continue-on-failure", "--generation-database=none", "--request-timeout=10", "--output-truncate=false"],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS, "SERVICE_URL": service.url},
        capture_output=True,
        text=True,
        timeout=max(120, 10 * EXAMPLES),
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-10_000:] + run.stderr[-2_000:]
    assert f"{operations(service)} selected / {operations(service)} total" in run.stdout
    assert [line for line in service.log_lines()[logged:] if line["level"] == "ERROR"] == []


def operations(service: Service) -> int:
    """How many the schema has."""
    assert service.schema
    return sum(len(path) for path in service.schema.document["paths"].values())
