"""Many clients that do the worst of one kind, in a process of their own, and a victim beside them."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests

from tests.api.hostile_requests import chunk, chunked, get, head, post
from tests.api.hostile_requests import send as request
from tests.faults.slow_clients import connect
from tests.support.service import ROOT, Service

CLIENTS = 32
UNKNOWN = {f"unknown{number}": 1 for number in range(90)}
#: A token and a cookie that belong together are all that the form asks of a client before it hashes the password.
CSRF, ACCOUNT = "a" * 32, "nobody00"
SIGN_IN = f"username={ACCOUNT}&password=a&csrfmiddlewaretoken={CSRF}"
#: What each client sends again and again, each time as another ACCOUNT. It reads slowly what is a stream.
KINDS: dict[str, bytes] = {
    "a search that finds nothing": get("search=gadget%20gadget"),
    "a search of two letters": get("search=zz"),
    "an export, read slowly": head("GET", "/gadgets", "Accept: application/x-ndjson"),
    "a page of 1,000 rows in HTML": get("limit=1000", "Accept: text/html"),
    "1,000 new rows": post([{"name": "one of many"}] * 1000),
    "1 MiB of wrong rows": post([UNKNOWN] * 700),
    "20,000 chunks of a byte": chunked(chunk(b" ") * 20_000),
    "the OpenAPI document": head("GET", "/schema"),
    "an attempt to sign in": request(
        "POST", "/admin/login/", SIGN_IN, "application/x-www-form-urlencoded", f"Cookie: csrftoken={CSRF}"
    ),
}


def send(port: int, data: bytes, statuses: Counter[str]) -> None:
    """Sends it on a new connection, and counts the status; reads a stream slowly."""
    slowly = b"x-ndjson" in data
    with suppress(OSError), connect(port, receive_buffer=4096 if slowly else 0) as client:
        client.settimeout(60)
        client.sendall(data.replace(ACCOUNT.encode(), secrets.token_hex(4).encode()))
        answer = client.recv(4096)
        statuses[answer[9:12].decode() or "broken"] += 1
        while client.recv(1024 if slowly else 65536):
            time.sleep(0.5 if slowly else 0)


def attack(port: int, kind: str) -> None:
    """Runs the clients until standard input ends, then prints how often they saw each status."""
    statuses: Counter[str] = Counter()

    def repeat() -> None:
        while True:
            send(port, KINDS[kind], statuses)

    for _ in range(CLIENTS):
        threading.Thread(target=repeat, daemon=True).start()
    sys.stdin.read()
    print(json.dumps(statuses), flush=True)


@contextmanager
def attackers(service: Service, kind: str) -> Iterator[dict[str, int]]:
    """The clients, as long as it runs; afterwards it has the count of each status that they saw."""
    command = [sys.executable, "-m", "tests.faults.fairness", str(service.port), kind]
    seen: dict[str, int] = {}
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield seen
        seen |= json.loads(process.communicate()[0])


def victim(service: Service, seconds: float) -> tuple[list[float], Counter[str]]:
    """The durations in ms of small requests, one after the other, and how often each status was seen."""
    took, statuses = [], Counter[str]()
    with requests.Session() as session:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for method, path, body in (("GET", "/gadgets?limit=1", None), ("POST", "/gadgets", {"name": "victim"})):
                began = time.perf_counter()
                response = session.request(method, service.url + path, json=body, timeout=60)
                took.append((time.perf_counter() - began) * 1000)
                statuses[str(response.status_code)] += 1
            time.sleep(0.01)
    return took, statuses


def measure(service: Service, kind: str, seconds: float) -> dict[str, Any]:
    """What the clients and the victim saw while both ran."""
    with attackers(service, kind) as seen:
        time.sleep(1)  # The clients start; what the victim sees does not depend on it.
        took, statuses = victim(service, seconds)
    took.sort()
    return {
        "kind": kind,
        "clients": seen,
        "victim": statuses,
        "median_ms": round(took[len(took) // 2], 1),
        "worst_ms": round(took[-1], 1),
    }


if __name__ == "__main__":
    attack(int(sys.argv[1]), sys.argv[2])
