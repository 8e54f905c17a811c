"""Everything in `attacks.py` is tried from outside, on the real service; and what every answer has and never has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.api.hostile_requests import head
from tests.security.attacks import ATTACKS, HTTPS, Attack
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.slow

#: What no answer may say, whatever was asked: which software answers, and what it looks like inside.
TELLTALE = re.compile(
    rb"(?i)traceback|gunicorn|wsgi|psycopg|site-packages|\.py\b|line \d+, in|postgres|sample_gadget"
    rb"|\nServer:|X-Powered-By"
)
EVERY_RESPONSE = (
    b"X-Request-ID: ",
    b"Content-Security-Policy: default-src 'none'; ",
    b"X-Content-Type-Options: nosniff\r\n",
    b"X-Frame-Options: DENY\r\n",
    b"Referrer-Policy: same-origin\r\n",
)
#: Of Swagger UI, the browsable API and the schema the software is known by its look.
PAGES = re.compile(rb"GET /(docs|schema) |Accept: text/html")


@dataclass
class Target:
    """A service and a gadget of it, which is there afterwards."""

    service: Service
    gadget: str

    def send(self, request: bytes) -> bytes:
        """Everything that comes back."""
        return self.service.raw(request.replace(b"GADGET", self.gadget.encode()), seconds=20)


def target(service: Service) -> Target:
    """With a gadget made in the database: nothing of the service need work for it."""
    return Target(service, service.execute("INSERT INTO sample_gadget (name) VALUES ('kept') RETURNING id::text")[0][0])


@pytest.fixture(scope="module")
def alone(running_service: Service) -> Target:
    """The service as it is by default, without the rows of earlier tests."""
    running_service.execute("TRUNCATE sample_gadget")
    return target(running_service)


@pytest.fixture(scope="module")
def behind(migrated_database: Callable[[str], str]) -> Iterator[Target]:
    """The service as behind a load balancer that ends TLS."""
    with Service(migrated_database("behind"), HTTPS_ONLY="true", NUM_PROXIES="1") as service:
        yield target(service)


def ids(attack: Attack) -> str:
    return f"{attack.aim}: {attack.name[:60]}".encode("ascii", "backslashreplace").decode()


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if not attack.behind], ids=ids)
def test_alone(alone: Target, attack: Attack) -> None:
    judge(alone, attack)


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.behind], ids=ids)
def test_behind_a_load_balancer(behind: Target, attack: Attack) -> None:
    judge(behind, attack)


def judge(target: Target, attack: Attack) -> None:
    """Raises AssertionError where the answer is not what the table says."""
    answer = target.send(attack.request)
    answer_head, _, _ = answer.partition(b"\r\n\r\n")
    answer_head += b"\r\n"
    assert answer_head.startswith(b"HTTP/1.1 %d " % attack.status), answer[:600]
    assert answer.count(b"HTTP/1.1 ") == 1, f"more than one answer: {answer[:2000]!r}"
    text = answer.decode("latin-1")
    assert re.search(attack.shows, text), answer[:2000]
    assert not re.search(attack.hides, text), answer[:2000]
    for line in EVERY_RESPONSE:
        assert line in answer_head, line
    assert b"\nSet-Cookie:" not in answer_head
    assert not TELLTALE.search(answer_head if PAGES.search(attack.request) else answer), answer[:2000]
    assert target.service.execute("SELECT name FROM sample_gadget WHERE id = %s", target.gadget) == [("kept",)]


@pytest.mark.parametrize(
    ("proxies", "given", "seen"),
    [
        ("0", [], "127.0.0.1"),
        ("0", ["X-Forwarded-For: 6.6.6.6"], "127.0.0.1"),
        ("1", [], "127.0.0.1"),
        ("1", ["X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
        ("1", ["X-Forwarded-For: 6.6.6.6, 192.0.2.7"], "192.0.2.7"),
        ("1", ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
        ("1", ["X-Forwarded-For: " + "6.6.6.6, " * 500 + "192.0.2.7"], "192.0.2.7"),
        ("1", ["X-Forwarded-For: 192.0.2.7", "X_Forwarded_For: 6.6.6.6", "Forwarded: for=6.6.6.6"], "192.0.2.7"),
        ("2", ["X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.0.0.1"], "192.0.2.7"),
    ],
)
def test_the_address_is_the_one_that_the_load_balancer_saw(
    services: Callable[[str], Service], proxies: str, given: list[str], seen: str
) -> None:
    service = services(proxies)
    name = f"seen-{abs(hash((proxies, *given)))}"
    assert service.raw(head("GET", "/nothing", f"X-Request-ID: {name}", HTTPS, *given)).startswith(b"HTTP/1.1 404")
    lines = wait_until(lambda: [line for line in service.log_lines() if line["request_id"] == name], "its log line")
    assert [line["client"] for line in lines] == [seen]


@pytest.fixture(scope="module")
def services(migrated_database: Callable[[str], str]) -> Iterator[Callable[[str], Service]]:
    """A service for each number of proxies."""
    started: dict[str, Service] = {}

    def get(proxies: str) -> Service:
        if proxies not in started:
            started[proxies] = Service(migrated_database("addresses"), NUM_PROXIES=proxies).__enter__()
        return started[proxies]

    yield get
    for service in started.values():
        service.__exit__()
