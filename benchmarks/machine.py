"""The CPUs, the interpreters and the description of the machine."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
#: The folder for the next run, with the database and its rows.
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


def describe() -> str:
    """The hardware and the versions that the figures depend on."""
    code = f"from importlib.metadata import version; print(*(f'{{n}} {{version(n)}}' for n in {LIBRARIES!r}), sep=', ')"
    cpu = re.search(r"(?<=model name\t: ).*", Path("/proc/cpuinfo").read_text())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, revision {_output('git', 'describe', '--always', '--dirty')}, "
        f"{len(CPUS)} CPUs ({cpu.group() if cpu else platform.processor()}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {_output(str(OPPONENT_PYTHON), '-c', code)}"
    )


def _output(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.strip()
