"""The CPUs, the interpreters and the description of the machine."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
#: The folder for the next run, with the database and its items.
LOCAL = ROOT / ".local" / "bench"
#: The interpreter with the service's libraries.
PRODUCT_PYTHON = Path(sys.executable)
OPPONENT_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
LIBRARIES = (
    "django", "djangorestframework", "gunicorn", "psycopg2-binary", "orjson", "fastapi", "pydantic", "starlette",
    "uvicorn", "uvloop", "sqlalchemy", "asyncpg", "django-ninja",
)  # fmt: skip

CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
#: The server has one CPU of its own. The database, wrk and this process share the other.
SERVER_CPU, CLIENT_CPU = CPUS[-1], CPUS[0]


def pinned(cpu: int, command: list[str]) -> list[str]:
    """The command that runs on this CPU only."""
    return ["taskset", "--cpu-list", str(cpu), *command]


def wait_for_port(port: int, seconds: float = 10) -> None:
    """Waits until a process listens on the port. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def describe() -> dict[str, str]:
    """The hardware and the versions that the figures depend on."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": _output("git", "describe", "--always", "--dirty"),
        "cpu": _cpu_model(),
        "cpus": str(len(CPUS)),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "wrk": _first_match(r"wrk \S+", _output("wrk", "-v")),
        "libraries": ", ".join(_versions()),
    }


def _cpu_model() -> str:
    try:
        return _first_match(r"(?<=model name\t: ).*", Path("/proc/cpuinfo").read_text()) or platform.processor()
    except OSError:
        return platform.processor()


def _versions() -> list[str]:
    code = (
        f"from importlib.metadata import version; print(*(f'{{n}} {{version(n)}}' for n in {LIBRARIES!r}), sep='\\n')"
    )
    return _output(str(OPPONENT_PYTHON), "-c", code).splitlines()


def _output(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.strip()


def _first_match(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found.group() if found else ""
