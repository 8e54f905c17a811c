"""Runs wrk and reads its figures."""

from __future__ import annotations

import contextlib
import json
import random
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.machine import CLIENT_CPU, pinned

SCRIPT = Path(__file__).with_name("wrk.lua")
# Every good response here takes less time. A slower one counts as an error.
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Request:
    """One request; ``header`` is one more, as `Name: value`."""

    method: str
    path: str
    body: str = ""
    header: str = ""

    def line(self) -> str:
        """The line for wrk.lua."""
        return f"{self.method}\t{self.path}\t{self.body}\t{self.header}\n"


@dataclass(frozen=True)
class Figures:
    """wrk's figures: requests, seconds, the 99th percentile in milliseconds, and errors of every kind."""

    requests: int
    seconds: float
    p99_ms: float
    errors: int


def require() -> None:
    """Ends the process with one sentence when a tool or the sample resource is missing."""
    if not find_spec("items"):
        sys.exit("The benchmark measures the sample resource items/, which has been removed.")
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing. Debian and Ubuntu: apt install {package}.")


def run(
    url: str, requests: Path, clients: int, seconds: int, headers: Mapping[str, str], *, in_order: bool = False
) -> Figures:
    """Loads a server with ``clients`` connections. ``requests`` is a file of Request lines."""
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s", "-s", str(SCRIPT)]
    result = subprocess.run(
        pinned(CLIENT_CPU, [*command, *given, url, "--", str(requests), "in-order" if in_order else "at-random"]),
        capture_output=True, text=True, check=False, timeout=seconds + 2 * TIMEOUT_SECONDS,
    )  # fmt: skip
    if "unable to connect" in result.stderr + result.stdout:
        return Figures(0, seconds, 0, errors=clients)
    if result.returncode or not result.stderr.strip():
        raise RuntimeError(f"wrk failed: {result.stdout}{result.stderr}")
    return Figures(**json.loads(result.stderr.strip().splitlines()[-1]))


def run_without_bodies(port: int, requests: Path, clients: int, seconds: int, headers: Mapping[str, str]) -> Figures:
    """The same for GET answered by 304, without latencies: wrk would wait for the body whose length a 304 may state."""
    shared = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", **headers}.items())
    lines = [line.split("\t") for line in requests.read_text().splitlines()]
    texts = [f"GET {path} HTTP/1.1\r\n{shared}{own}\r\n\r\n".encode() for _, path, _, own in lines]
    answered, errors, started = 0, 0, time.monotonic()
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(clients):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS))
            selector.register(client, selectors.EVENT_READ, client)
            client.sendall(random.choice(texts))
        while (passed := time.monotonic() - started) < seconds:
            for key, _ in selector.select(seconds - passed):
                response = key.data.recv(1 << 16)
                answered += 1
                errors += not (response.startswith(b"HTTP/1.1 304 ") and response.endswith(b"\r\n\r\n"))
                key.data.sendall(random.choice(texts))
    return Figures(answered, time.monotonic() - started, 0.0, errors)
