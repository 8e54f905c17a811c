"""SENTRY_DSN: an exception reaches Sentry, with its request's id and nothing that a caller sent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from itemsvc.core.env import Env
from tests.support.aws import free_port
from tests.support.sentry import Sentry
from tests.support.service import ROOT, WORKERS, Service, wait_until

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

FAILING = {"DJANGO_SETTINGS_MODULE": "tests.api.failing_settings"}


@pytest.fixture(scope="module")
def sentry() -> Iterator[Sentry]:
    with Sentry() as running:
        yield running


@pytest.fixture(scope="module", params=WORKERS)
def reporting(request: Any, sentry: Sentry, migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service that reports, on its own worker and on gunicorn's."""
    environment = FAILING | {"SENTRY_DSN": sentry.dsn, "APP_VERSION": "1.2.3"}
    environment["GUNICORN_WORKER"] = request.param
    with Service(migrated_database(f"sentry_{request.param}"), **environment) as service:
        yield service


def bug(service: Service, identifier: str) -> Any:
    return service.post(
        "/bug?token=s3cr3t-query",
        json={"secret": "s3cr3t-body"},
        headers={"X-Request-ID": identifier, "Authorization": "Bearer s3cr3t-token", "Cookie": "a=s3cr3t-cookie"},
    )


def events(sentry: Sentry, identifier: str) -> list[dict[str, Any]]:
    return [event for event in list(sentry.events) if event.get("tags", {}).get("request_id") == identifier]


def test_an_exception_of_a_view_arrives(reporting: Service, sentry: Sentry) -> None:
    identifier = f"bug-{reporting.port}"
    response = bug(reporting, identifier)
    assert (response.status_code, response.json()) == (500, {"detail": "Internal server error."})
    [event] = wait_until(lambda: events(sentry, identifier), "the event")
    [exception] = event["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("ZeroDivisionError", "a bug with 11 letters")
    assert exception["stacktrace"]["frames"][-1]["function"] == "post"
    assert (event["release"], event["level"], event["transaction"]) == ("1.2.3", "error", "/bug")
    assert event["tags"]["method"] == "POST"


def test_nothing_that_a_caller_sent_arrives(reporting: Service, sentry: Sentry) -> None:
    reporting.get("/duplicate?email=s3cr3t@example.com", headers={"X-Request-ID": f"duplicate-{reporting.port}"})
    bug(reporting, f"private-{reporting.port}")
    wait_until(lambda: events(sentry, f"private-{reporting.port}"), "the event")
    [event] = events(sentry, f"duplicate-{reporting.port}")
    assert "violates unique constraint" in event["exception"]["values"][-1]["value"]
    everything = b"".join(sentry.envelopes)
    assert b"s3cr3t" not in everything


def test_what_is_answered_on_purpose_does_not(reporting: Service, sentry: Sentry) -> None:
    before = len(sentry.envelopes)
    for method, path in (("GET", "/health"), ("GET", "/nowhere"), ("GET", "/bug"), ("GET", "/busy")):
        reporting.request(method, path)
    reporting.post("/bug", data="{", headers={"Content-Type": "application/json"})
    bug(reporting, f"last-{reporting.port}")
    # Envelopes are sent one after another, so that those of the others would be here by now.
    wait_until(lambda: events(sentry, f"last-{reporting.port}"), "the last event")
    assert len(sentry.envelopes) == before + 1


def test_a_command_that_fails_is_reported(reporting: Service, sentry: Sentry) -> None:
    code = "import django; django.setup(); raise LookupError('of a command')"
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=reporting.environment, capture_output=True, check=False, timeout=60
    )
    values = [value for event in sentry.events for value in event.get("exception", {}).get("values", ())]
    assert ("LookupError", "of a command") in [(value["type"], value["value"]) for value in values]


def test_an_unreachable_sentry_harms_nobody(migrated_database: Callable[[str], str]) -> None:
    environment = FAILING | {"SENTRY_DSN": f"http://public@127.0.0.1:{free_port()}/42"}
    with Service(migrated_database("sentry_away"), **environment) as service:
        answers = [bug(service, f"away-{number}") for number in range(20)]
        assert {(answer.status_code, answer.text) for answer in answers} == {
            (500, '{"detail":"Internal server error."}')
        }
        assert service.get("/health/ready").status_code == 200
        service.process.terminate()
        service.process.wait(30)
    lines = service.log_lines()  # Each of them JSON.
    assert service.process.returncode == 0
    assert not [line for line in lines if "entry" in line["logger"] or "urllib3" in line["logger"]]


LOADED = "import django, sys; django.setup(); print([name for name in sys.modules if name.startswith('sentry')])"


def test_without_it_nothing_of_the_sdk_is_loaded(running_service: Service, sentry: Sentry) -> None:
    def loaded(**environment: str) -> str:
        command, env = [sys.executable, "-c", LOADED], running_service.environment | environment
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout

    assert loaded() == "[]\n"
    assert "'sentry_sdk'" in loaded(SENTRY_DSN=sentry.dsn)


@pytest.mark.parametrize(
    "dsn", ["sentry.example", "https://sentry.example/1", "https://key@sentry.example/", "https://key@h:port/1"]
)
def test_what_is_no_dsn_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, dsn: str) -> None:
    monkeypatch.setenv("SENTRY_DSN", dsn)
    with pytest.raises(SystemExit, match=r"^itemsvc: SENTRY_DSN is not https://KEY@HOST/PROJECT"):
        Env().sentry("SENTRY_DSN")
    for good in ("https://0a1b@o1.ingest.example.io/42", "http://key@localhost:9000/sentry/7"):
        monkeypatch.setenv("SENTRY_DSN", good)
        assert Env().sentry("SENTRY_DSN") == good
