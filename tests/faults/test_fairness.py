"""32 clients do the worst of each kind. None of another client's small requests is refused meanwhile."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Database
from tests.faults.fairness import KINDS, measure
from tests.faults.load import fill
from tests.support.service import WORKERS, Service

pytestmark = pytest.mark.slow

#: `make faults` has a larger table and measures for longer.
ROWS, SECONDS = int(os.environ.get("FAIRNESS_ROWS", "20000")), float(os.environ.get("FAIRNESS_SECONDS", "1"))
RESULTS = os.environ.get("FAIRNESS_RESULTS")


@pytest.fixture(scope="module", params=WORKERS)
def crowded(crashable: Database, request: pytest.FixtureRequest) -> Iterator[Service]:
    with Service(crashable.url, GUNICORN_WORKER=request.param, ADMIN_ENABLED="true") as service:
        service.execute("DELETE FROM sample_gadget WHERE name NOT LIKE 'gadget %%'")  # Of the other worker's clients.
        if service.execute("SELECT count(*) FROM sample_gadget") != [(ROWS,)]:
            service.execute("TRUNCATE sample_gadget")
            fill(service, ROWS)
            service.execute("VACUUM ANALYZE sample_gadget")
        yield service


@pytest.mark.parametrize("kind", KINDS)
def test_small_requests_are_served_beside_the_worst(crowded: Service, kind: str) -> None:
    row = measure(crowded, kind, SECONDS)
    assert row["victim"].keys() == {"200", "201"}
    assert row["clients"].keys() <= {"200", "201", "400", "429", "503", "broken"}, row
    assert [line for line in crowded.log_lines() if "exception" in line] == []
    if RESULTS:
        with Path(RESULTS).open("a") as results:
            results.write(json.dumps(row | {"worker": crowded.environment["GUNICORN_WORKER"]}) + "\n")
