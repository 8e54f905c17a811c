"""The real service: gunicorn with the project's configuration, in its own process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psycopg2
import requests

from tests.support.aws import free_port
from tests.support.environment import WORKSPACE
from tests.support.openapi import Schema

ROOT = Path(__file__).resolve().parents[2]
#: The values of GUNICORN_WORKER. A team may have removed the service's own.
WORKERS = ("itemsvc", "gthread") if find_spec("itemsvc.server") else ("gthread",)
START_SECONDS = 60


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Polls until the condition is true. After ``seconds`` it fails the test and names ``what``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Service:
    """One gunicorn. `environment` overrides the environment of the tests' process."""

    schema: Schema | None = None
    #: The folder of its code, and its command.
    root = ROOT
    command: tuple[str, ...] = (sys.executable, "-m", "gunicorn")

    def __init__(self, database_url: str, *, migrate: bool = False, **environment: str):
        self.database_url = database_url
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
            "BIND": "127.0.0.1",
            "WEB_CONCURRENCY": "1",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.log = Path(tempfile.mkstemp(prefix="service-", suffix=".log", dir=WORKSPACE)[1])
        self.http = requests.Session()
        if migrate:
            self.manage("migrate", "--noinput", "--verbosity=0", check=True)
        collect_static(self.environment, self.root)

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.spawn(log)
        try:
            wait_until(self._answers, f"gunicorn answers; its log: {self.log.read_text()[-2000:]}", START_SECONDS)
        except AssertionError:
            self.process.kill()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
                return
            self.process.kill()
            self.process.wait()

    def spawn(self, output: Any) -> None:
        """Starts gunicorn without waiting. Its output goes to this file."""
        self.process = subprocess.Popen(self.command, cwd=self.root, env=self.environment, stdout=output, stderr=output)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/health", timeout=5).status_code == 200
        return False

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Sends a request. Checks the response against the schema if there is one."""
        response = self.http.request(method, self.url + path, timeout=30, **kwargs)
        if self.schema and not kwargs.get("stream"):
            self.schema.judge(method, path, response.status_code, dict(response.headers), response.content)
        return response

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """GET."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        """Sends a POST with `json=`, or with `data=` and headers."""
        return self.request("POST", path, **kwargs)

    def raw(self, data: bytes, seconds: float = 10) -> bytes:
        """Sends these bytes and returns all response bytes, until the service closes or sends no more."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as connection:
            connection.sendall(data)
            connection.settimeout(seconds)
            received = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while chunk := connection.recv(65536):
                    received += chunk
            return received

    def manage(self, *words: str, check: bool = False, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """Runs a management command against the service's database."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.root, env=self.environment, capture_output=True, text=True, check=check, **kwargs,
        )  # fmt: skip

    @contextlib.contextmanager
    def connection(self) -> Iterator[Any]:
        """A connection to the service's database with autocommit."""
        with contextlib.closing(psycopg2.connect(libpq_url(self.database_url))) as connection:
            connection.autocommit = True
            yield connection

    def execute(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Runs one statement and returns its rows."""
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def log_lines(self) -> list[dict[str, Any]]:
        """The parsed log so far, up to its last complete line. Raises ValueError for a line that is not JSON."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]


def libpq_url(database_url: str) -> str:
    """The URL in libpq's form."""
    return database_url.replace("postgres://", "postgresql://", 1)


def collect_static(environment: dict[str, str], root: Path = ROOT) -> None:
    """Collects the static files once for all processes of the tests. They are the same for every service."""
    target = Path(environment["STATIC_ROOT"])
    done = target.with_suffix(".done")
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        subprocess.run(command, cwd=root, env=environment, check=True)
        done.touch()
