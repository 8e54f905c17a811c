"""Log lines: one JSON object each, from gunicorn and Django alike."""

from __future__ import annotations

import json
import logging
import os
import re
import select
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from select import PIPE_BUF

import pytest
import requests

from itemsvc.core import logs
from itemsvc.core.logs import JSONFormatter, Lines, RequestContextFilter, TextFormatter
from itemsvc.http.request_ids import HEADER
from tests.support.service import WORKERS, Service, wait_until

SECRETS = {"Authorization": "Bearer s3cr3t-token", "Cookie": "sessionid=s3cr3t-cookie"}


def line_of(service: Service, request_id: str) -> dict[str, object]:
    """The access line of one request; it is written after the response is sent."""

    def matching() -> list[dict[str, object]]:
        return [line for line in service.log_lines() if line["request_id"] == request_id]

    return wait_until(matching, f"a log line of {request_id}")[-1]


def test_an_access_line_has_every_field(service: Service) -> None:
    response = service.post("/gadgets?", json={"name": "s3cr3t-body"}, headers={"X-Request-ID": "log-1", **SECRETS})
    line = line_of(service, "log-1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert line["logger"] == "gunicorn.access"
    assert (line["level"], line["method"], line["path"], line["status"]) == ("INFO", "POST", "/gadgets", 201)
    assert line["bytes"] == len(response.content)
    assert 0 < line["duration_ms"] < 60_000
    assert line["client"] == "127.0.0.1"
    assert "s3cr3t" not in service.log.read_text()


def test_the_query_is_not_logged(service: Service) -> None:
    service.get("/gadgets?search=s3cr3t-search", headers={"X-Request-ID": "log-2"})
    line_of(service, "log-2")
    assert "s3cr3t" not in service.log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("proxies", "clients"),
    [
        ("0", {"203.0.113.9": "127.0.0.1"}),
        ("1", {"203.0.113.9": "203.0.113.9", "6.6.6.6, 203.0.113.9": "203.0.113.9", "": "127.0.0.1"}),
        ("2", {"6.6.6.6, 203.0.113.9, 10.0.0.1": "203.0.113.9"}),
    ],
)
def test_the_client_is_who_the_load_balancer_saw(start_service, proxies: str, clients: dict[str, str]) -> None:
    service = start_service(NUM_PROXIES=proxies)
    for number, (forwarded, client) in enumerate(clients.items()):
        service.get("/gadgets", headers={"X-Forwarded-For": forwarded, "X-Request-ID": f"log-3-{number}"})
        assert line_of(service, f"log-3-{number}")["client"] == client


def test_an_uncaught_error_is_one_line_with_its_traceback(service: Service) -> None:
    service.execute("ALTER TABLE sample_gadget RENAME COLUMN name TO nome")
    try:
        response = service.get("/gadgets", headers={"X-Request-ID": "log-4"})
    finally:
        service.execute("ALTER TABLE sample_gadget RENAME COLUMN nome TO name")
    assert response.status_code == 500
    assert response.json() == {"detail": "Internal server error."}
    lines = [line for line in service.log_lines() if line["request_id"] == "log-4" and "exception" in line]
    assert len(lines) == 1
    assert lines[0]["level"] == "ERROR"
    assert "ProgrammingError" in lines[0]["exception"]


def record(message: str, **extra: object) -> logging.LogRecord:
    """A record as a logger makes it."""
    made = logging.LogRecord("a.logger", logging.WARNING, __file__, 1, message, (), None)
    made.__dict__ |= extra
    return made


@pytest.mark.parametrize("field", [{}, {"path": Path("/gadgets")}], ids=["alone", "beside no JSON"])
@pytest.mark.parametrize("message", ["two\nlines", "a \ud800 surrogate", '"quoted"', "ünïcode\u2028"])
def test_any_message_is_one_line_of_json(message: str, field: dict[str, object]) -> None:
    line = JSONFormatter().format(record(message, **field))
    assert "\n" not in line
    line.encode()
    assert json.loads(line)["level"] == "WARNING"


def test_text_is_one_line_that_a_path_cannot_forge() -> None:
    line = TextFormatter().format(record("GET /a\nERROR forged", request_id="abc", created=1e9 + 0.25))
    assert line == r"01:46:40.250 WARNING a.logger  GET /a\nERROR forged [abc]"


def test_text_shows_a_traceback_below() -> None:
    try:
        int("broken")
    except ValueError:
        line = TextFormatter().format(record("failed", exc_info=sys.exc_info()))
    assert line.splitlines()[0].endswith("failed")
    assert line.splitlines()[-1].startswith("ValueError: invalid literal")


@pytest.mark.parametrize("own", ["", "its own"])
def test_a_record_keeps_the_id_that_it_came_with(own: str) -> None:
    made = record("said", **({"request_id": own} if own else {}))
    token = logs.request_id.set("of the thread's request")
    try:
        assert RequestContextFilter().filter(made)
    finally:
        logs.request_id.reset(token)
    assert made.request_id == (own or "of the thread's request")


CONFIGURED = """
import logging, logging.config
early = logging.getLogger("made.before")
from itemsvc.core.logs import logging_config
logging.config.dictConfig(logging_config("json", "INFO"))
early.info("early")
for name in ("django.security.DisallowedHost", "django.request"):
    logging.getLogger(name).warning("a 4xx of %s", name)
    logging.getLogger(name).error("an error of %s", name)
"""


def test_what_is_logged_and_what_the_access_line_has_already() -> None:
    output = subprocess.run([sys.executable, "-c", CONFIGURED], capture_output=True, check=True).stdout
    said = [json.loads(line)["message"] for line in output.splitlines()]
    assert said == ["early", "an error of django.request"]


@pytest.mark.slow
def test_under_load_each_request_has_one_whole_line(start_service) -> None:
    service = start_service(WEB_CONCURRENCY="2", GUNICORN_THREADS="1")
    ids = {f"load-{number}" for number in range(400)}
    with ThreadPoolExecutor(16) as clients:
        statuses = list(clients.map(lambda given: requests.get(f"{service.url}/gadgets", headers={HEADER: given}), ids))
    assert {response.status_code for response in statuses} == {200}

    def found() -> Counter[str]:
        return Counter(line["request_id"] for line in service.log_lines() if line["request_id"] in ids)

    assert wait_until(lambda: len(found()) == len(ids), "every line")
    assert set(found().values()) == {1}


class SlowLines(Lines):
    """Lines that are read slowly: two threads that may both look at them see the same."""

    _kept = b""

    @property
    def _lines(self) -> bytes:
        found = self._kept
        time.sleep(0.005)
        return found

    @_lines.setter
    def _lines(self, lines: bytes) -> None:
        self._kept = lines


def test_no_thread_overwrites_the_line_of_another() -> None:
    lines = SlowLines()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lines.add, [b"%d\n" % number for number in range(8)]))
    assert sorted(lines._kept.split()) == [b"%d" % number for number in range(8)]


def test_a_reader_that_has_gone_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    monkeypatch.setattr(logs, "STANDARD_OUTPUT", writer)
    os.close(reader)
    lines = Lines()
    lines.add(b"for nobody\n")
    lines.flush()
    os.close(writer)


def test_lines_are_written_in_pieces_that_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    monkeypatch.setattr(logs, "STANDARD_OUTPUT", writer)
    lines, sent, pieces = Lines(), [b"%d" % number * 300 + b"\n" for number in range(40)], []
    for line in [*sent, b"x" * 2 * PIPE_BUF, b"last\n"]:
        lines.add(line)
        while select.select([reader], [], [], 0)[0]:
            pieces.append(os.read(reader, 1_000_000))
    lines.flush()
    pieces.append(os.read(reader, 1_000_000))
    lines.flush()
    os.close(writer)
    assert os.read(reader, 1) == b""
    os.close(reader)
    assert b"".join(pieces) == b"".join(sent) + b"x" * 2 * PIPE_BUF + b"last\n"
    assert [len(piece) for piece in pieces if len(piece) > PIPE_BUF] == [2 * PIPE_BUF]
    assert len(pieces) < len(sent) / 4


@pytest.mark.slow
@pytest.mark.parametrize("worker", WORKERS)
def test_no_line_outside_of_a_request_has_an_id(start_service, worker: str) -> None:
    service = start_service(GUNICORN_WORKER=worker, GUNICORN_THREADS="1")
    for path in ("/health", "/gadgets", "/nowhere", "/health/ready"):
        service.get(path, headers={HEADER: "of-a-request"})
    service.raw(b"GARBAGE\r\n\r\n", 5)
    service.raw(b"GET /health HTTP/1.1\r\nX-Request-ID: of-a-request\r\n\r\n", 5)
    service.process.terminate()
    service.process.wait(30)
    outside = [
        line for line in service.log_lines() if "orker exiting" in line["message"] or "Shutting" in line["message"]
    ]
    assert len(outside) == 2
    assert [line["request_id"] for line in outside] == [None, None]
