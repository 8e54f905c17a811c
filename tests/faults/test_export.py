"""NDJSON exports: a client or a database that goes away, the snapshot, and memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from tests.faults.conftest import Database
from tests.faults.load import fill
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.slow

NDJSON = {"Accept": "application/x-ndjson"}
KIB, MIB = 1024, 1024 * 1024
#: More bytes than the sockets' buffers hold, so that the export still runs when the client reads its first line.
BIG = {"rows": 20_000, "bytes": 2_000}
MANY = 1_000_000


def exporting(service: Service) -> int:
    """The number of the service's open transactions."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'itemsvc' AND xact_start IS NOT NULL"
    count: int = service.execute(query)[0][0]
    return count


def begin(service: Service) -> tuple[requests.Response, Iterator[bytes], bytes]:
    """Starts an export. Returns the response, its remaining blocks and the first block."""

    def admitted() -> requests.Response | None:
        response = service.get("/gadgets", headers=NDJSON, stream=True)
        return response if response.status_code == 200 else None

    # The service may not have noticed yet that the client of the last one is gone.
    response = wait_until(admitted, "no other export has the share of this caller")
    blocks = response.iter_content(KIB)
    first = next(blocks)
    assert first.startswith(b'{"id":')
    wait_until(lambda: exporting(service) == 1, "no other export is still under way")
    return response, blocks, first


@pytest.fixture
def exporter(serve: Callable[..., Service]) -> Service:
    service = serve()
    fill(service, **BIG)
    return service


def test_a_client_that_goes_away_frees_its_connection(exporter: Service) -> None:
    for _ in range(6):  # More than the number of threads.
        begin(exporter)[0].close()
    wait_until(lambda: exporting(exporter) == 0, "the transactions have ended")
    assert exporter.get("/gadgets?limit=1").status_code == 200
    # Django logs each 503 as an error, and an export that comes too early gets one.
    lines = [line for line in exporter.log_lines() if line["logger"] != "django.request" or "exception" in line]
    assert [line for line in lines if line["level"] == "ERROR" or "exception" in line] == []


def test_a_database_killed_in_the_middle_truncates_the_stream(exporter: Service, database: Database) -> None:
    _, blocks, _ = begin(exporter)
    database.crash()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        b"".join(blocks)
    wait_until(lambda: [line for line in exporter.log_lines() if line["level"] == "ERROR"], "the reason is in the log")
    database.start()
    assert exporter.get("/gadgets?limit=1").status_code == 200


def test_it_is_one_snapshot(exporter: Service) -> None:
    _, blocks, first = begin(exporter)
    exporter.execute("UPDATE sample_gadget SET name = 'changed' WHERE name LIKE '%%7'")
    exporter.execute("DELETE FROM sample_gadget WHERE name LIKE '%%1'")
    exporter.execute("INSERT INTO sample_gadget (name) VALUES ('new')")
    names = [json.loads(line)["name"] for line in (first + b"".join(blocks)).splitlines()]
    assert names == [f"gadget {number}" for number in range(BIG["rows"], 0, -1)]


def test_memory_does_not_grow_with_the_table(
    serve: Callable[..., Service], record_property: Callable[[str, object], None]
) -> None:
    service = serve()
    fill(service, 10_000)
    few = peak(service, 10_000)
    fill(service, MANY - 10_000)
    many = peak(service, MANY)
    record_property("peak_mib", [round(few / MIB, 1), round(many / MIB, 1)])
    assert many < few + 10 * MIB


def test_the_largest_rows_fit_into_the_smallest_task(serve: Callable[..., Service]) -> None:
    """Runs as many exports at a time as a process allows. Each character has four bytes, the task 512 MiB."""
    service = serve(NUM_PROXIES="1")
    service.execute(
        "INSERT INTO sample_gadget (name, description) SELECT 'n', repeat(%s, 10000) FROM generate_series(1, 3000)",
        "😀",
    )
    with ThreadPoolExecutor() as pool:
        peaks = list(pool.map(lambda number: peak(service, 3000, f"192.0.2.{number}"), range(2)))
    assert max(peaks) < 384 * MIB


def peak(service: Service, rows: int, client: str = "192.0.2.1") -> int:
    """The workers' largest resident memory in bytes during exports of all rows."""
    processes = psutil.Process(service.process.pid).children(recursive=True)
    largest, lines = 0, 0
    with service.get("/gadgets", headers=NDJSON | {"X-Forwarded-For": client}, stream=True) as response:
        for block in response.iter_content(MIB):
            lines += block.count(b"\n")
            largest = max(largest, sum(process.memory_info().rss for process in processes))
    assert lines == rows
    return largest
