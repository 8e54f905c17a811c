"""Exports: the service's stream of lines against the array of the others."""

from __future__ import annotations

import contextlib
import http.client
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import Request
from benchmarks.programs import PRODUCT, Program
from benchmarks.servers import Server

ROWS = 100_000
WARM_REQUESTS = 20
TIMEOUT_SECONDS = 300
#: Every item has this text once.
MEMBER = b'"created_at":'


def measure(program: Program, url: str, rows: int) -> dict[str, Any]:
    """Seconds to the first byte and in total, and the growth at the peak in MB, for a fresh server."""
    with Server(program, url) as server:
        for _ in range(WARM_REQUESTS):
            server.answer(Request("GET", f"/items{program.slash}?limit=100"))
        before = forget_peak(server.tree())
        first, total, items = read(server)
        return {
            "first_byte_s": first,
            "total_s": total,
            "growth_mb": peak(server.tree()) - before,
            "errors": int(items != rows),
            "alive": server.alive(),
        }


def read(server: Server) -> tuple[float, float, int]:
    """Seconds to the first byte of the body, seconds in total, and the number of items."""
    path, accept = ("/items", "application/x-ndjson") if server.program is PRODUCT else ("/export", "application/json")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
    with contextlib.closing(connection):
        started = time.perf_counter()
        headers = {**server.program.headers, "Accept": accept}
        connection.request("GET", path + (server.program.slash if path == "/export" else ""), headers=headers)
        response = connection.getresponse()
        tail = response.read(1)
        first, items = time.perf_counter() - started, 0
        while chunk := response.read1(1 << 18):
            # A chunk may end within the text, so the last bytes are searched with the next chunk.
            seen = tail + chunk
            items += seen.count(MEMBER)
            tail = seen[-(len(MEMBER) - 1) :]
        return first, time.perf_counter() - started, items


def forget_peak(processes: list[psutil.Process]) -> float:
    """Resets the kernel's peak of the resident set. Returns the current size in MB."""
    for process in processes:
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return sum(process.memory_info().rss for process in processes) / 2**20


def peak(processes: list[psutil.Process]) -> float:
    """The largest resident set since the reset, in MB."""
    return sum(_status(process, "VmHWM") for process in processes) / 2**10


def _status(process: psutil.Process, name: str) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
