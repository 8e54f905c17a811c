"""A worker dies at each stage of a POST with an Idempotency-Key. A client that repeats it makes only one gadget."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from tests.faults.conftest import Database
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.slow

#: The places where the transaction sleeps: the trigger's table and time.
STAGES = {
    "before the gadget": ("sample_gadget", "BEFORE INSERT"),
    "between the gadget and the key": ("sample_gadget", "AFTER INSERT"),
    "after the key": ("itemsvc_idempotencykey", "AFTER INSERT"),
    "while it commits": ("itemsvc_idempotencykey", "deferred"),
}
SLEEP_SECONDS = 1
CLIENTS = 4
COUNTED = "SELECT (SELECT count(*) FROM sample_gadget), (SELECT count(*) FROM itemsvc_idempotencykey)"
ASLEEP = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


@pytest.fixture
def sleeper(database: Database) -> Iterator[Callable[[str, str], None]]:
    """A function that makes every transaction sleep at one place."""
    sql = Service(database.url).execute
    sql(f"CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN PERFORM pg_sleep({SLEEP_SECONDS}); RETURN NEW; END'")  # fmt: skip

    def put(table: str, when: str) -> None:
        if when == "deferred":
            made = f"CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
        else:
            made = f"CREATE TRIGGER doze {when} ON {table}"
        sql(f"{made} FOR EACH ROW EXECUTE FUNCTION doze()")

    yield put
    sql("DROP FUNCTION doze() CASCADE")


def kill_workers(service: Service) -> None:
    """Kills every worker by SIGKILL. gunicorn starts new ones."""
    for child in psutil.Process(service.process.pid).children():
        child.kill()


def repeat(url: str, key: str, body: object, seconds: float = 60) -> requests.Response:
    """Repeats the request until its response is final."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            response = requests.post(f"{url}/gadgets", json=body, headers={"Idempotency-Key": f'"{key}"'}, timeout=30)
        except requests.RequestException:
            time.sleep(0.02)
            continue
        if response.status_code not in (409, 503):
            return response
        time.sleep(0.05)
    raise AssertionError(f"no answer within {seconds} s")


LAMP = {"name": "lamp"}


@pytest.mark.parametrize(
    ("stage", "body"), [*((stage, LAMP) for stage in STAGES), ("between the gadget and the key", [LAMP, LAMP])], ids=str
)
def test_a_worker_killed_leaves_neither_or_both(
    serve: Callable[..., Service], sleeper: Callable[[str, str], None], stage: str, body: object
) -> None:
    table, when = STAGES[stage]
    service, key = serve(), str(uuid.uuid4())
    many = len(body) if isinstance(body, list) else 1
    [(gadgets, keys)] = service.execute(COUNTED)
    sleeper(table, when)
    with ThreadPoolExecutor(1) as pool:
        headers = {"Idempotency-Key": key}
        first = pool.submit(requests.post, f"{service.url}/gadgets", json=body, headers=headers, timeout=30)
        wait_until(lambda: service.execute(ASLEEP), stage)
        kill_workers(service)
        with pytest.raises(requests.ConnectionError):
            first.result()
    wait_until(lambda: not service.execute(ASLEEP), "the server has noticed")
    service.execute(f"DROP TRIGGER doze ON {table}")
    both = service.execute(COUNTED) == [(gadgets + many, keys + 1)]
    assert both or service.execute(COUNTED) == [(gadgets, keys)]

    answer = repeat(service.url, key, body)
    assert answer.status_code == 201
    assert answer.headers.get("Idempotency-Replayed") == ("true" if both else None)
    assert service.execute(COUNTED) == [(gadgets + many, keys + 1)]


def test_an_answer_that_was_lost_is_given_again(serve: Callable[..., Service]) -> None:
    service, key = serve(), str(uuid.uuid4())
    [(gadgets, keys)] = service.execute(COUNTED)
    head = f"POST /gadgets HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(f'{head}Content-Length: 15\r\n\r\n{{"name":"lamp"}}'.encode())
        wait_until(lambda: service.execute(COUNTED) == [(gadgets + 1, keys + 1)], "it is done")
        kill_workers(service)
    answer = repeat(service.url, key, LAMP)
    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
    assert service.execute(COUNTED) == [(gadgets + 1, keys + 1)]


def test_every_acknowledged_item_is_there_once_through_kills(serve: Callable[..., Service]) -> None:
    service = serve(WEB_CONCURRENCY="2")
    running = True

    def create(client: int) -> dict[str, str]:
        """Makes gadgets, each with its own key. Returns the names and ids of the acknowledged ones."""
        made = {}
        while running:
            name = f"{client}-{len(made)}"
            answer = repeat(service.url, str(uuid.uuid4()), {"name": name})
            assert answer.status_code == 201, answer.text
            made[name] = answer.json()["id"]
        return made

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients_made = [pool.submit(create, number) for number in range(CLIENTS)]
        for _ in range(6):
            time.sleep(0.7)
            kill_workers(service)
        running = False
        acknowledged = {name: key for made in clients_made for name, key in made.result().items()}
    kept = service.execute("SELECT name, id::text FROM sample_gadget")
    assert len(kept) == len(acknowledged) > 50
    assert dict(kept) == acknowledged
