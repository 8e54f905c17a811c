"""Whatever is sent: a 4xx in JSON that says what is wrong, from a service that goes on as if nothing had been."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import requests
from django.conf import settings

from tests.api.hostile_requests import (
    HOSTILE,
    JSON,
    MIB,
    Hostile,
    chunk,
    chunked,
    framing,
    get,
    head,
    methods,
    post,
    sizes,
)
from tests.support.openapi import Schema
from tests.support.service import Service, wait_until

#: Refused by gunicorn before there is a path and a method to look up in the schema.
UNROUTED = {case.name for case in (*framing(), *methods(), *sizes())}


@dataclass
class Answer:
    """One HTTP response, read off the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body; raises ValueError where it is no JSON."""
        return json.loads(self.body)


@dataclass
class Target:
    """The service, a gadget of it and a cursor of its listing."""

    service: Service
    schema: Schema
    gadget: str
    cursor: str

    def send(self, data: bytes) -> Answer:
        """The answer to these bytes; raises http.client.HTTPException where there is none."""
        data = data.replace(b"GADGET", self.gadget.encode()).replace(b"CURSOR", self.cursor.encode())
        method = data.partition(b" ")[0].decode("latin-1")
        response = http.client.HTTPResponse(_Received(self.service.raw(data)), method=method)  # type: ignore[arg-type]
        response.begin()
        return Answer(response.status, dict(response.getheaders()), response.read())


class _Received:
    """What http.client wants of a socket, over bytes that have been received already."""

    def __init__(self, data: bytes):
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@pytest.fixture(scope="module")
def target(running_service: Service, schema: Schema) -> Target:
    running_service.schema = schema
    running_service.execute("TRUNCATE sample_gadget")
    gadget, _ = [running_service.post("/gadgets", json={"name": name}).json()["id"] for name in "ab"]
    link = running_service.get("/gadgets?limit=1").links["next"]["url"]
    found = re.search(r"cursor=([\w-]+)", link)
    assert found
    return Target(running_service, schema, gadget, found[1])


#: gunicorn's own worker closes the connection while the client still sends, and the answer is lost.
LARGE = ("a body of 8 MiB", "a chunked body of 8 MiB")
SENT = [case for case in HOSTILE if settings.WORKER != "gthread" or case.name not in LARGE]


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name.encode("ascii", "backslashreplace").decode())
def test_it_is_refused_with_a_reason(target: Target, case: Hostile) -> None:
    answer = target.send(case.data)
    assert (answer.status, answer.headers.get("Content-Type")) == (case.status, JSON), answer.body
    assert case.word in answer.body.decode()
    assert answer.headers["X-Request-ID"]
    assert says_why(answer.json()), answer.body
    assert b"Traceback" not in answer.body
    if case.name not in UNROUTED:
        method, path, _ = case.data.decode("latin-1").split(" ", 2)
        target.schema.judge(method, path, answer.status, answer.headers, answer.body)


def says_why(error: Any) -> bool:
    """Whether it has DRF's shape: `{"detail": "…"}` or `{"field": ["…"]}`; of an array, that by index."""
    if not isinstance(error, dict) or not error:
        return False
    if all(name.isdecimal() for name in error):
        return all(map(says_why, error.values()))
    return all(value if name == "detail" else isinstance(value, list) and all(value) for name, value in error.items())


def test_afterwards_nothing_has_changed_and_nothing_is_in_the_log(target: Target) -> None:
    service = target.service
    rows = service.execute("SELECT id, name, description FROM sample_gadget ORDER BY id")
    logged = len(service.log_lines())
    for case in SENT:
        target.send(case.data)
    assert service.get("/gadgets").status_code == 200
    assert service.execute("SELECT id, name, description FROM sample_gadget ORDER BY id") == rows
    lines = service.log_lines()[logged:]
    assert len(lines) > len(SENT) / 2
    assert [line for line in lines if line["level"] in ("ERROR", "CRITICAL") or "exception" in line] == []
    assert [line for line in lines if line.get("status", 0) >= 500] == []


# -- Cursors ----------------------------------------------------------------------------------------------------------


def test_a_cursor_with_one_bit_flipped_is_refused(target: Target) -> None:
    for position in range(0, len(target.cursor) * 8, 3):  # Every third, since each costs a request.
        damaged = bytearray(target.cursor.encode())
        damaged[position // 8] ^= 1 << position % 8
        refused(target, damaged)


@pytest.mark.parametrize("cut", [0, 1, 4, 14, 24, 27])
def test_a_cut_cursor_is_refused(target: Target, cut: int) -> None:
    refused(target, target.cursor[:cut].encode())
    refused(target, target.cursor[cut + 1 :].encode())


def test_a_longer_cursor_is_refused(target: Target) -> None:
    for more in (b"=", b"A", b"\0", b" ", b"\n", b"AAAA", b"x" * 3000):
        refused(target, target.cursor.encode() + more)


def test_a_made_up_cursor_is_refused(target: Target) -> None:
    for made_up in (
        b"A" * 28,
        b"=" * 28,
        b"_" * 28,
        b"null",
        b"\xff" * 28,
        "é".encode() * 14,
        b"cD0yMDI2LTAxLTAx",
        b"1",
    ):
        refused(target, made_up)


def test_a_cursor_in_the_standard_alphabet_is_refused(target: Target) -> None:
    refused(target, base64.b64encode(b"\xfb\xff\xbf" * 20))
    refused(target, base64.standard_b64encode(base64.urlsafe_b64decode(target.cursor + "==")) + b"=")


def test_a_cursor_of_the_other_ordering_is_refused(target: Target) -> None:
    answer = target.send(get("ordering=created_at&cursor=CURSOR"))
    assert (answer.status, answer.json()) == (400, {"cursor": ["Belongs to the other ordering."]})


def test_two_cursors_are_refused(target: Target) -> None:
    assert target.send(get("cursor=CURSOR&cursor=CURSOR")).status == 400


def refused(target: Target, cursor: bytes | bytearray) -> None:
    """Asserts a 400 that names the cursor."""
    answer = target.send(get(f"cursor={quote_from_bytes(bytes(cursor), safe='')}"))
    assert (answer.status, list(answer.json())) == (400, ["cursor"]), cursor


# -- What looks hostile and is not ------------------------------------------------------------------------------------

GADGET = json.dumps({"name": "framed"}).encode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (chunked(chunk(GADGET) + chunk(b"")), 201),
        (chunked(b"".join(chunk(bytes([byte])) for byte in GADGET) + chunk(b"")), 201),
        (chunked(b"%X;a=b\r\n%s\r\n0\r\nX-Trailer: a\r\n\r\n" % (len(GADGET), GADGET)), 201),
        (post(GADGET, "APPLICATION/JSON; Charset=UTF-8"), 201),
        (post(GADGET, 'application/json;charset="utf-8"'), 201),
        (post(GADGET, f"{JSON}; charset=utf8; boundary=x"), 201),
        (post({"name": "\U0001f600" * 255, "description": "\u0001\u2028\ufffe" * 3333}), 201),
        (post({"name": "a" * 255, "description": "x" * 10_000}), 201),
        (post(" " * (MIB - 20) + '{"name":"a"}'), 201),
        (post({"name": "a", "id": "x", "created_at": [1]}), 201),
        (post(GADGET, JSON, "Content-Encoding: identity"), 201),
        (head("POST", "/gadgets/", f"Content-Type: {JSON}", f"Content-Length: {len(GADGET)}") + GADGET, 201),
        (get("limit=1000&ordering=-created_at&name=a%C3%A9&search=%25_%5C%27%22abc"), 200),
        (get("limit=0001"), 200),
        (get("search=%EF%BF%BDabc&name=%F0%9F%98%80"), 200),
        (get("created_after=9999-12-31T23:59:59.999999-23:59&created_before=0001-01-01T00:00:00%2B23:59"), 200),
        (get("created_after=0001-01-01T00:00:00%2B14:00&created_before=9999-12-31T23:59:59-14:00"), 200),
        (get("created_after=2026-01-01T00:00:00.123456789Z&created_before=2026-01-01t00:00:00z"), 200),
        (head("GET", "/gadgets/#fragment"), 200),
        (head("GET", "http://localhost/gadgets"), 200),
        (head("GET", "/%67adgets"), 200),
        (head("GET", "/gadgets", "Accept: ;q=0, */*;q=0.1"), 200),
        (head("GET", "/gadgets", "X-Request-ID: a\tb", "Range: bytes=0-1", "X-HTTP-Method-Override: DELETE"), 200),
        (head("GET", "/gadgets", "SCRIPT_NAME: /admin", "X-Forwarded-Host: evil.example", "Forwarded: host=evil"), 200),
        (head("HEAD", "/gadgets"), 200),
        (head("OPTIONS", "/gadgets"), 200),
    ],
)
def test_what_only_looks_odd_is_served(target: Target, data: bytes, status: int) -> None:
    answer = target.send(data)
    assert answer.status == status, answer.body
    assert re.fullmatch(r"[\w.-]+", answer.headers["X-Request-ID"])
    assert not re.search(r"evil|/admin", str(answer.headers))


def test_a_post_with_a_slash_keeps_its_body(target: Target) -> None:
    answer = target.send(head("POST", "/gadgets/", f"Content-Type: {JSON}", "Content-Length: 12") + b'{"name":"b"}')
    assert (answer.status, answer.json()["name"]) == (201, "b")


def test_a_second_request_is_not_read_out_of_the_first_one(target: Target) -> None:
    smuggled = b"DELETE /gadgets/GADGET HTTP/1.1\r\nHost: localhost\r\n\r\n"
    both = chunked(chunk(b"")[:3] + b"\r\n" + smuggled, f"Content-Length: {5 + len(smuggled)}")
    received = target.service.raw(both.replace(b"GADGET", target.gadget.encode()))
    assert received.count(b"HTTP/1.1 ") == 1
    assert target.service.get(f"/gadgets/{target.gadget}").status_code == 200


# -- Clients that fall silent or go away ------------------------------------------------------------------------------

STALLED = {
    "half a request line": b"GET /it",
    "half a header": b"GET /gadgets HTTP/1.1\r\nHost: local",
    "half a body": head("POST", "/gadgets", f"Content-Type: {JSON}", "Content-Length: 100") + b'{"name":"a"}',
    "half a chunk": chunked(b"50\r\nabc"),
    "a chunk of 2**63 bytes": chunked(b"7fffffffffffffff\r\n{"),
    "no end of the chunks": chunked(chunk(GADGET)),
}


@pytest.fixture(scope="module")
def impatient(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service of one thread, so that a single stalled client would be enough to stop it."""
    with Service(migrated_database("impatient"), GUNICORN_THREADS="1", GUNICORN_CLIENT_TIMEOUT="1") as service:
        yield service


@pytest.mark.own_worker
@pytest.mark.parametrize("name", STALLED)
def test_a_client_that_falls_silent_does_not_keep_its_thread(impatient: Service, name: str) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), 10) as stalled:
        stalled.sendall(STALLED[name])
        assert impatient.get("/health").status_code == 200
        assert stalled.recv(4096).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("name", STALLED)
@pytest.mark.parametrize("reset", [True, False], ids=["resets", "closes"])
def test_a_client_that_goes_away_leaves_no_row_and_no_error(impatient: Service, name: str, reset: bool) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), 10) as connection:
        connection.sendall(STALLED[name])
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                assert b" 201 " not in connection.recv(4096)
    assert impatient.get("/gadgets").json() == []
    assert [line for line in impatient.log_lines() if line["level"] == "ERROR"] == []


@pytest.mark.own_worker
def test_a_client_that_does_not_read_its_answer_is_let_go(impatient: Service) -> None:
    impatient.execute(
        "INSERT INTO sample_gadget (name, description) SELECT 'x', repeat('x', 10000) FROM generate_series(1, 2000)"
    )
    try:
        with socket.create_connection(("127.0.0.1", impatient.port), 10) as silent:
            silent.sendall(head("GET", "/gadgets", "Accept: application/x-ndjson"))
            wait_until(lambda: exporting(impatient) == 1, "the export has begun")
            wait_until(lambda: exporting(impatient) == 0, "the transaction of the silent client has ended")
        assert impatient.get("/health").status_code == 200
        assert [line for line in impatient.log_lines() if line["level"] == "ERROR"] == []
    finally:
        impatient.execute("TRUNCATE sample_gadget")


def test_clients_that_do_not_close_keep_nobody_waiting(impatient: Service) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", impatient.port), 10))
            connection.sendall(head("GET", "/health"))
            assert connection.recv(4096)
        # 2 s for each of them, and this would time out.
        assert requests.get(f"{impatient.url}/health", timeout=10).status_code == 200


def exporting(service: Service) -> int:
    """How many of the service's connections are inside of a transaction."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'itemsvc'"
    count: int = service.execute(f"{query} AND state LIKE %s", "idle in transaction%")[0][0]
    return count
