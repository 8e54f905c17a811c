"""Log lines: one JSON object each, from gunicorn and Django alike."""

from __future__ import annotations

import json
import logging
import re
import sys

import pytest

from itemsvc.logs import JSONFormatter, TextFormatter
from tests.service import Service, wait_until

SECRETS = {"Authorization": "Bearer s3cr3t-token", "Cookie": "sessionid=s3cr3t-cookie"}


def line_of(service: Service, request_id: str) -> dict[str, object]:
    """The access line of one request; it is written after the response is sent."""
    matching = lambda: [line for line in service.log_lines() if line["request_id"] == request_id]  # noqa: E731
    return wait_until(matching, f"a log line of {request_id}")[-1]


def test_an_access_line_has_every_field(service: Service) -> None:
    response = service.post("/items?", json={"name": "s3cr3t-body"}, headers={"X-Request-ID": "log-1", **SECRETS})
    line = line_of(service, "log-1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert line["logger"] == "gunicorn.access"
    assert (line["level"], line["method"], line["path"], line["status"]) == ("INFO", "POST", "/items", 201)
    assert line["bytes"] == len(response.content)
    assert 0 < line["duration_ms"] < 60_000
    assert line["client"] == "127.0.0.1"
    assert "s3cr3t" not in service.log.read_text()


def test_the_query_is_not_logged(service: Service) -> None:
    service.get("/items?search=s3cr3t-search", headers={"X-Request-ID": "log-2"})
    line_of(service, "log-2")
    assert "s3cr3t" not in service.log.read_text()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        ("0", "203.0.113.9", "127.0.0.1"),
        ("1", "203.0.113.9", "203.0.113.9"),
        ("1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("2", "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        ("1", "", "127.0.0.1"),
    ],
)
def test_the_client_is_who_the_load_balancer_saw(start_service, proxies: str, forwarded: str, client: str) -> None:
    service = start_service(NUM_PROXIES=proxies)
    service.get("/items", headers={"X-Forwarded-For": forwarded, "X-Request-ID": "log-3"})
    assert line_of(service, "log-3")["client"] == client


def test_an_uncaught_error_is_one_line_with_its_traceback(service: Service) -> None:
    service.execute("ALTER TABLE items_item RENAME COLUMN name TO nome")
    try:
        response = service.get("/items", headers={"X-Request-ID": "log-4"})
    finally:
        service.execute("ALTER TABLE items_item RENAME COLUMN nome TO name")
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


@pytest.mark.parametrize("message", ["two\nlines", "a \ud800 surrogate", '"quoted"', "ünïcode\u2028"])
def test_any_message_is_one_line_of_json(message: str) -> None:
    line = JSONFormatter().format(record(message))
    assert "\n" not in line
    line.encode()
    assert json.loads(line)["level"] == "WARNING"


def test_text_is_one_line_that_a_path_cannot_forge() -> None:
    line = TextFormatter().format(record("GET /a\nERROR forged", request_id="abc"))
    assert line.endswith(r"WARNING a.logger  GET /a\nERROR forged [abc]")


def test_text_shows_a_traceback_below() -> None:
    try:
        int("broken")
    except ValueError:
        line = TextFormatter().format(record("failed", exc_info=sys.exc_info()))
    assert line.splitlines()[0].endswith("failed")
    assert line.splitlines()[-1].startswith("ValueError: invalid literal")
