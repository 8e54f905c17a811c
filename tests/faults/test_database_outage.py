"""PostgreSQL stops and starts during requests, is away at the start, or takes too long for a query."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import django.db
import psutil
import psycopg2
import pytest
import requests

from itemsvc.http.errors import is_unavailable
from tests.faults.conftest import Database
from tests.faults.load import Answered, Load
from tests.support.service import Service, free_port, wait_until

pytestmark = pytest.mark.slow

OUTAGES = 3
# The service needs a fraction of a second. A busy machine may need more, and a worker that waits needs longer.
RECOVERY_SECONDS = 5
UNAVAILABLE = {"detail": "The database is unavailable. Try again shortly."}
TOO_LONG = {"detail": "The database took too long. Ask for less, or try again shortly."}


def workers(service: Service) -> set[int]:
    """The process ids of gunicorn and its workers."""
    return {service.process.pid, *(child.pid for child in psutil.Process(service.process.pid).children(recursive=True))}


def errors(service: Service) -> list[str]:
    """The logged tracebacks. Raises ValueError for a line that did not come from the logging."""
    return [line["exception"] for line in service.log_lines() if "exception" in line]


def recovery_seconds(answers: list[Answered], back: float) -> float:
    """The time from PostgreSQL's start until gadgets were made again and no request was refused any more."""
    after = [answer for answer in answers if answer.ended > back]
    made = min(answer.ended for answer in after if answer.status == 201)
    refused = [answer.ended for answer in after if answer.status not in (200, 201)]
    return max([made, *refused]) - back


def test_a_crash_under_load_is_503_and_recovered_from(
    database: Database, serve: Callable[..., Service], record_property: Callable[[str, object], None]
) -> None:
    service = serve(WEB_CONCURRENCY="2")
    wait_until(lambda: len(workers(service)) == 3, "gunicorn and its two workers run")
    processes = workers(service)
    recoveries = []
    with Load(service.url) as load:
        for _ in range(OUTAGES):
            before = load.count(201)
            wait_until(lambda served=before: load.count(201) > served + 20, "gadgets are made")
            refused = load.count(503)
            database.crash()
            wait_until(lambda seen=refused: load.count(503) > seen + 20, "requests are refused while it is away")
            database.start()
            back = time.monotonic()
            made = load.count(201)
            wait_until(lambda made=made: load.count(201) > made + 20, "gadgets are made again")
            recoveries.append(recovery_seconds(load.answers, back))
    record_property("recovery_seconds", [round(seconds, 3) for seconds in recoveries])
    assert max(recoveries) < RECOVERY_SECONDS
    assert [answer.problem for answer in load.answers if answer.problem] == []
    for answer in load.answers:
        judge(answer.response)
    assert workers(service) == processes
    kept = {str(row[0]) for row in service.execute("SELECT id FROM sample_gadget")}
    assert load.made() <= kept
    assert errors(service) == []


def judge(response: requests.Response | None) -> None:
    """Asserts a success, or a 503 in the contract's form."""
    assert response is not None
    if response.status_code in (200, 201):
        return
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/json")
    assert response.headers["X-Request-ID"]
    if response.request.path_url == "/health/ready":
        assert response.json()["check"] in ("database", "migrations")  # PostgreSQL may stop between the two checks.
        return
    assert response.json() in (UNAVAILABLE, TOO_LONG)
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_a_query_that_takes_too_long_is_503(serve: Callable[..., Service], accept: str) -> None:
    service = serve(DB_STATEMENT_TIMEOUT_MS="200")
    with service.connection() as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE sample_gadget IN ACCESS EXCLUSIVE MODE")
        judged = [
            service.get("/gadgets", headers={"Accept": accept}),
            service.post("/gadgets", json={"name": "a"}),
            service.get("/gadgets/00000000-0000-0000-0000-000000000000"),
        ]
    for response in judged:
        assert response.status_code == 503
        judge(response)
        assert response.json() == TOO_LONG
    assert service.get("/gadgets", headers={"Accept": accept}).status_code == 200
    assert errors(service) == []


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_search_has_less_time_than_other_queries(serve: Callable[..., Service], accept: str) -> None:
    service = serve(DB_SEARCH_TIMEOUT_MS="200", GUNICORN_THREADS="1")
    with service.connection() as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE sample_gadget IN ACCESS EXCLUSIVE MODE")
        response = service.get("/gadgets?search=lamp", headers={"Accept": accept})
        assert (response.status_code, response.json()) == (503, TOO_LONG)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(service.get, "/gadgets", headers={"Accept": accept})  # By the same connection.
            time.sleep(0.5)
            cursor.execute("COMMIT")
            assert waiting.result().status_code == 200
    assert errors(service) == []


@pytest.mark.parametrize("how", ["its backend is terminated", "its backend is killed", "the server crashes"])
@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_a_connection_lost_while_rows_are_read_is_503(
    serve: Callable[..., Service], database: Database, slow_rows: None, accept: str, how: str
) -> None:
    service = serve()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(service.get, "/gadgets", headers={"Accept": accept})
        backend = wait_until(lambda: service.execute(f"SELECT pid {SLEEPING}"), "rows are being read")[0][0]
        if how == "the server crashes":
            database.crash()
        elif how == "its backend is killed":  # The kernel does this when memory is short. PostgreSQL then restarts.
            psutil.Process(backend).kill()
        else:
            service.execute(f"SELECT pg_terminate_backend(pid) {SLEEPING}")
        response = reading.result()
    assert response.status_code == 503
    judge(response)
    assert errors(service) == []


SLEEPING = "FROM pg_stat_activity WHERE application_name = 'itemsvc' AND wait_event = 'PgSleep'"


@pytest.fixture
def slow_rows(database: Database) -> Iterator[None]:
    """Makes the read of each row take a minute."""
    service = Service(database.url)
    service.execute("INSERT INTO sample_gadget (name) VALUES ('slow')")
    service.execute("ALTER TABLE sample_gadget RENAME TO fast_gadgets")
    service.execute("CREATE VIEW sample_gadget AS SELECT * FROM fast_gadgets WHERE pg_sleep(60)::text = ''")
    yield
    database.start()
    wait_until(lambda: answers(service), "PostgreSQL takes connections again")
    service.execute("DROP VIEW sample_gadget")
    service.execute("ALTER TABLE fast_gadgets RENAME TO sample_gadget")


def answers(service: Service) -> bool:
    """Whether its database accepts connections."""
    with contextlib.suppress(psycopg2.OperationalError):
        return service.execute("SELECT true") == [(True,)]
    return False


def test_without_a_database_it_starts_lives_and_is_not_ready() -> None:
    with Service(f"postgres://nobody@127.0.0.1:{free_port()}/nothing") as service:
        service.http.headers["Connection"] = "close"
        assert service.get("/health").content == b'{"status":"healthy"}'
        ready = service.get("/health/ready")
        assert (ready.status_code, ready.json()["check"]) == (503, "database")
        refused = [service.get("/gadgets"), service.post("/gadgets", json={"name": "a"})]
        for response in refused:
            assert response.status_code == 503
            judge(response)
        said = [line for line in service.log_lines() if line["message"].startswith("Database unavailable: ")]
        # The request id leads from a response to the log line with the reason.
        assert [line["request_id"] for line in said] == [response.headers["X-Request-ID"] for response in refused]
        assert service.get("/schema").status_code == 200
        assert errors(service) == []


@pytest.mark.parametrize(
    ("error", "unavailable"),
    [
        (django.db.OperationalError("connection refused"), True),
        (django.db.InterfaceError("connection already closed"), True),
        # A fetch raises this when a failover cut its connection and the new server is already there.
        (django.db.DatabaseError("server closed the connection unexpectedly"), True),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), True),
        (django.db.ProgrammingError("relation does not exist"), False),
        (django.db.DataError("out of range"), False),
        (ValueError("no"), False),
    ],
)
def test_what_counts_as_unavailable(error: Exception, unavailable: bool) -> None:
    assert is_unavailable(error) is unavailable
