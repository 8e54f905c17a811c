"""The service against its own schema: thousands of requests that schemathesis makes up, every check of it on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.resources.shapes import SHAPES
from tests.support.issuer import Issuer, bearer
from tests.support.service import ROOT, Service

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

#: Requests for each operation and kind of data; `make fuzz` raises it.
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "10"))
HOOKS = "tests.api.schemathesis_hooks"
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
GADGETS = "--include-path-regex=^/gadgets"


@pytest.fixture(scope="module")
def running_service(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service of its own: each list of thousands of rows that other tests left would be sent hundreds of times."""
    with Service(migrated_database("schemathesis")) as service:
        yield service


@pytest.fixture(scope="module")
def secured(running_service: Service, issuer: Issuer) -> Iterator[Service]:
    """A second service on the same database. It requires the issuer's tokens."""
    with Service(running_service.database_url, **issuer.environment()) as service:
        yield service


def test_every_check_passes(service: Service, tmp_path: Path) -> None:
    check(service, {}, tmp_path, GADGETS)


def test_every_check_passes_for_every_path(service: Service, tmp_path: Path) -> None:
    check(service, {}, tmp_path)


def test_every_check_passes_with_tokens(secured: Service, issuer: Issuer, tmp_path: Path) -> None:
    """Among them that a request without a token, or with another, is refused."""
    scopes = " ".join(f"{name}:read {name}:write" for name in ("items", *(Path(path).name for path in SHAPES)))
    check(secured, bearer(issuer.token(exp=2**33, scope=scopes)), tmp_path, GADGETS)
    assert [line for line in secured.log_lines() if line.get("status") == 401]


def check(service: Service, headers: dict[str, str], directory: Path, *options: str) -> None:
    """Runs schemathesis; every check of it passes, and the service logs no error."""
    make_rows(service, headers)
    logged = len(service.log_lines())
    run = subprocess.run(
        [Path(sys.executable).parent / "st", "--no-color", "run", f"{service.url}/schema",
         "--checks=all", *options,
         "--phases=examples,coverage,fuzzing,stateful", f"--max-examples={EXAMPLES}", f"--seed={SEED}",
         "--continue-on-failure", "--generation-database=none", "--request-timeout=60", "--output-truncate=false",
         *(f"--header={name}: {value}" for name, value in headers.items())],
        check=False,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS, "SERVICE_URL": service.url,
             **{name.upper(): value for name, value in headers.items()}},
        capture_output=True,
        text=True,
        timeout=max(1200, 10 * EXAMPLES),
    )  # fmt: skip
    print(*re.findall(r"^.*(?:generated|passed|selected).*$", run.stdout, re.MULTILINE), sep="\n")
    assert run.returncode == 0, run.stdout[-10_000:] + run.stderr[-2_000:]
    assert options or f"{operations(service)} selected /" in run.stdout
    assert [line for line in service.log_lines()[logged:] if line["level"] == "ERROR"] == []


def make_rows(service: Service, headers: dict[str, str]) -> None:
    """Three rows of each resource, so that its list has a second page."""
    for number in range(3):
        service.post("/items", json={"name": f"no. {number}"}, headers=headers)
        for shape in SHAPES.values():
            shape.make(lambda path, body: service.post(path, json=body, headers=headers).json())


def operations(service: Service) -> int:
    """How many the schema has."""
    assert service.schema
    return sum(len(of) for of in service.schema.document["paths"].values())
