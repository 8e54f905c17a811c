"""Both workers read every kind of request alike, whole, byte by byte and with another one behind it."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.server.corpus import CORPUS, HIDDEN_ID, Entry, get
from tests.support.service import Service, wait_until

# It compares the two workers, and sends thousands of requests.
pytestmark = [pytest.mark.slow, pytest.mark.own_worker]

#: A larger entry is sent in so many pieces, not byte by byte.
PIECES = 400
#: Seconds after each piece, so that a server mostly reads it alone. No outcome depends on it.
PAUSE = 0.0002
WAYS = WHOLE, IN_PIECES, PIPELINED = "whole", "byte by byte", "pipelined"
OWN_ID = "another"
ANOTHER = get(f"X-Request-ID: {OWN_ID}")
CLIENTS = 4
SECONDS = 20
#: Where the workers differ, and why.
DIFFERENCES = dict.fromkeys(
    (
        "Content-Length '2000000'", f"Content-Length '{2**63}'", f"Content-Length '{'9' * 30}'",
        "desync, a length beyond 64 bits", "a body that is too short", "a body that does not come",
    ),
    "gunicorn's worker announces keep-alive, and then closes, because it has not read the body; ours announces it.",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """The status of each answer, whether the last one announced the end, whether the request behind it was answered."""

    statuses: tuple[int, ...]
    closes: bool
    goes_on: bool


class Received(io.BytesIO):
    """All that a connection brought, for http.client."""

    def makefile(self, mode: str) -> Received:
        """Itself; so several answers are read one after another."""
        return self

    def close(self) -> None:
        """Stays open for the next answer."""


def exchange(port: int, pieces: list[bytes]) -> bytes:
    """Sends the pieces and the end of this side, and returns all that comes back. TimeoutError if there is no end."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):  # A refused request need not be read to its end.
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(PAUSE)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                received += data
    return received


def read(data: bytes, received: bytes) -> Outcome:
    """All answers to these bytes; an interim one is left out, as a server need not send it. Raises HTTPException."""
    answers, statuses, ids, closes = Received(received), [], [], False
    method = "HEAD" if data.startswith(b"HEAD ") else "GET"
    while answers.tell() < len(received):
        assert not closes, "something follows an answer that closes the connection"
        response = http.client.HTTPResponse(answers, method=method)  # type: ignore[arg-type]
        response.begin()
        response.read()
        statuses.append(response.status)
        ids.append(response.headers["X-Request-ID"])
        closes, method = response.headers["Connection"] == "close", "GET"
    assert HIDDEN_ID not in ids, "the hidden request is answered"
    return Outcome(tuple(statuses), closes, OWN_ID in ids)


def send(service: Service, each: Entry, way: str) -> Outcome:
    """The entry's outcome, sent in this way."""
    data = each.data + (ANOTHER if way == PIPELINED else b"")
    size = 1 + len(data) // PIECES if way == IN_PIECES else len(data) + 1
    try:
        return read(data, exchange(service.port, [data[at : at + size] for at in range(0, len(data), size)]))
    except (TimeoutError, http.client.HTTPException, AssertionError) as error:
        error.add_note(f"{each.name}, sent {way}")
        raise


@pytest.fixture(scope="module")
def gunicorns(running_service: Service) -> Iterator[Service]:
    """The service with gunicorn's own worker, on the database of the running one."""
    with Service(running_service.database_url, GUNICORN_WORKER="gthread") as service:
        yield service


def outcomes(service: Service, pool: ThreadPoolExecutor) -> dict[str, list[Outcome]]:
    """The outcomes of each entry, in the order of WAYS."""
    found = [list(pool.map(partial(send, service, way=way), CORPUS)) for way in WAYS]
    return {each.name: list(ways) for each, *ways in zip(CORPUS, *found, strict=True)}


def surprise(each: Entry, whole: Outcome, in_pieces: Outcome, pipelined: Outcome) -> str:
    """What is not as the corpus has it; empty if all is."""
    if whole.statuses != each.statuses:
        return f"whole: {whole}"
    if in_pieces != whole:
        return f"in pieces: {in_pieces}"
    expected = each.statuses + (200,) * bool(each.keeps)
    if each.keeps is not None and (pipelined.statuses, pipelined.goes_on) != (expected, each.keeps):
        return f"before another one: {pipelined}"
    return ""


def lines_until(service: Service, request_id: str) -> list[dict[str, Any]]:
    """The service's log once it has this request; empty before."""
    lines = service.log_lines()
    return lines if any(line.get("request_id") == request_id for line in lines) else []


def test_both_workers_read_the_corpus_alike(running_service: Service, gunicorns: Service) -> None:
    assert len({each.name for each in CORPUS}) == len(CORPUS)
    earlier = len(running_service.log_lines())
    with ThreadPoolExecutor(CLIENTS) as pool:
        own, other = outcomes(running_service, pool), outcomes(gunicorns, pool)
    for found in (own, other):
        surprises = {each.name: surprise(each, *found[each.name]) for each in CORPUS}
        assert {name: text for name, text in surprises.items() if text} == {}
    different = {name: (own[name], other[name]) for name in own if own[name] != other[name]}
    assert {name: pair for name, pair in different.items() if name not in DIFFERENCES} == {}
    assert DIFFERENCES.keys() - different.keys() == set(), "no difference any more"
    for service, start in ((running_service, earlier), (gunicorns, 0)):
        last = service.get("/gadgets?limit=1")
        assert last.status_code == 200
        lines = wait_until(partial(lines_until, service, last.headers["X-Request-ID"]), "the last request is logged")
        assert [line for line in lines[start:] if line["level"] in ("ERROR", "CRITICAL")] == []
