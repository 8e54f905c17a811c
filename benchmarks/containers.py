"""Measures the product's image with a CPU quota, as on Fargate: task sizes, and several tasks behind a proxy."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.database import Databases
from benchmarks.load import run
from benchmarks.machine import CLIENT_CPU, OPPONENT_PYTHON, ROOT, SERVER_CPU
from benchmarks.plan import Cell, Data
from benchmarks.programs import PRODUCT, Program
from benchmarks.progress import Progress
from benchmarks.runner import Bench, Budget, Tick
from benchmarks.servers import Server, free_port

IMAGE = "itemsvc-benchmark"
#: Fargate's sizes, and the settings (WEB_CONCURRENCY, GUNICORN_THREADS) for each.
QUOTAS = (0.25, 0.5, 1.0, 2.0)
SETTINGS = ((1, 2), (1, 4), (1, 8), (2, 4))
CELLS = tuple(Cell(endpoint, clients) for endpoint in ("list", "get", "post") for clients in (8, 64))
TASKS, TASK_CPUS = 3, 0.25


def available() -> bool:
    """Whether a Docker engine responds."""
    return (
        bool(shutil.which("docker"))
        and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    )


def build() -> None:
    """Builds the product's image, once for each revision."""
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, "."], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def program(databases: Databases, cpus: float, cpuset: str, **environment: str) -> Program:
    """The product in a container with this quota. It uses the host's network and the database's socket."""
    socket = str(databases.server.get_postmaster_info().socket_dir)
    given = {**PRODUCT.environment, "STATIC_ROOT": "", **environment}

    def command(port: int) -> list[str]:
        name = f"{IMAGE}-{uuid.uuid4().hex[:8]}"
        limits = ["--cpus", str(cpus), "--cpuset-cpus", cpuset, "--memory", "2g", "--user", "0:0"]
        passed = [word for key in ("SECRET_KEY", "DATABASE_URL", "PORT", *given) for word in ("--env", key)]
        mounted = ["--network", "host", "--volume", f"{socket}:{socket}", "--log-driver", "none"]
        return ["docker", "run", "--rm", "--init", "--name", name, *limits, *mounted, *passed, IMAGE]

    return replace(PRODUCT, name=f"{cpus:g}", title=f"{cpus:g} vCPU", command=command, environment=given)


def measure(databases: Databases, budget: Budget, progress: Progress) -> dict[str, Any]:
    """`make bench SIZES=1`: every setting on every size for which the machine has enough CPUs."""
    if not available():
        sys.exit("The sizes need containers: start Docker.")
    build()
    quotas = [quota for quota in QUOTAS if quota <= len(machine.CPUS)]
    cells = [(cell, budget.other_rounds or 1, budget.seconds) for cell in CELLS]
    progress.total = len(quotas) * len(SETTINGS) * sum(rounds * seconds for _, rounds, seconds in cells)
    data, found = Data.of(databases, budget.rows), []
    for quota in quotas:
        bench = Bench(databases, data, budget.rows, progress.tick)
        bench.run(settings_of(databases, quota), cells)
        found.append({"cpus": quota, "cells": bench.as_json()})
    return {"settings": {"rows": budget.rows, "rounds": cells[0][1]}, "cells": {}, "sizes": found}


def settings_of(databases: Databases, quota: float) -> tuple[Program, ...]:
    """The product with each of SETTINGS. With more than one CPU it shares the database's CPU."""
    cpuset = str(SERVER_CPU) if quota <= 1 else f"{SERVER_CPU},{CLIENT_CPU}"
    return tuple(
        replace(
            program(databases, quota, cpuset, WEB_CONCURRENCY=str(workers), GUNICORN_THREADS=str(threads)),
            name=f"{workers}x{threads}",
            title=f"{quota:g} vCPU, {workers} x {threads}",
        )
        for workers, threads in SETTINGS
    )


def tasks(databases: Databases, data: Data, budget: Budget, tick: Tick) -> list[dict[str, Any]]:
    """Requests per second of 1, 2 and 3 tasks behind the proxy, each with a quarter of a CPU."""
    build()
    one = program(databases, TASK_CPUS, str(SERVER_CPU), WEB_CONCURRENCY="1")
    cell = Cell("get", 64)
    found: list[dict[str, Any]] = [{"tasks": count, "per_second": []} for count in range(1, TASKS + 1)]
    with contextlib.ExitStack() as stack:
        url = databases.holding(budget.rows)
        servers = [stack.enter_context(Server(one, url)) for _ in range(TASKS)]
        path = Path(stack.enter_context(tempfile.TemporaryDirectory()), "requests")
        path.write_text("".join(request.line() for request in data.requests(PRODUCT, cell.endpoint)))
        for _ in range(budget.task_rounds):
            for entry in found:
                tick(f"{entry['tasks']} tasks", budget.seconds)
                with proxy(servers[: entry["tasks"]]) as address:
                    figures = run(address, path, cell.clients, budget.seconds, dict(PRODUCT.headers))
                entry["per_second"].append(0.0 if figures.errors else figures.per_second)
    return found


@contextlib.contextmanager
def proxy(servers: list[Server]) -> Iterator[str]:
    """Its address."""
    port = free_port()
    words = ["-m", "benchmarks.proxy", str(port), *(str(server.port) for server in servers)]
    process = subprocess.Popen(machine.pinned(CLIENT_CPU, [str(OPPONENT_PYTHON), *words]), cwd=ROOT)
    try:
        machine.wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
