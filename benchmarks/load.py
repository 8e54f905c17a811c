"""Runs wrk and reads its figures."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.machine import CLIENT_CPU, pinned

SCRIPT = Path(__file__).with_name("wrk.lua")
# Every good response here takes less time. A slower one counts as an error.
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Request:
    """One request. wrk sends a list of requests in random order."""

    method: str
    path: str
    body: str = ""

    def line(self) -> str:
        """The line for wrk.lua."""
        return f"{self.method}\t{self.path}\t{self.body}\n"


@dataclass(frozen=True)
class Figures:
    """wrk's figures: requests per second, latencies in milliseconds, and errors of every kind."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: int

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0


def require() -> None:
    """Ends the process with one sentence when a tool or the sample resource is missing."""
    if not find_spec("items"):
        sys.exit("The benchmark measures the sample resource items/, which has been removed.")
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing. Debian and Ubuntu: apt install {package}.")


def run(url: str, requests: Path, clients: int, seconds: int, headers: dict[str, str]) -> Figures:
    """Loads a server with ``clients`` connections. ``requests`` is a file of Request lines."""
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s", "-s", str(SCRIPT)]
    result = subprocess.run(
        pinned(CLIENT_CPU, [*command, *given, url, "--", str(requests)]),
        capture_output=True, text=True, check=False, timeout=seconds + 2 * TIMEOUT_SECONDS,
    )  # fmt: skip
    if "unable to connect" in result.stderr + result.stdout:
        return Figures(0, seconds, 0, 0, 0, errors=clients)
    if result.returncode or not result.stderr.strip():
        raise RuntimeError(f"wrk failed: {result.stdout}{result.stderr}")
    return parse(result.stderr.strip().splitlines()[-1])


def parse(line: str) -> Figures:
    """Parses the line of wrk.lua."""
    raw = json.loads(line)
    errors = sum(raw[kind] for kind in ("connect", "read", "write", "status", "timeout"))
    return Figures(raw["requests"], raw["seconds"], raw["p50_ms"], raw["p99_ms"], raw["max_ms"], errors)
