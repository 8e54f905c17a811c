"""The real service: gunicorn with the project's own configuration, as a process of its own."""

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
from pathlib import Path
from typing import Any, Self

import psycopg2
import requests

from tests.support.aws import free_port
from tests.support.environment import WORKSPACE
from tests.support.openapi import Schema

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Polls until the condition is true; fails the test naming ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Service:
    """One gunicorn; `environment` goes before what the tests' process has."""

    schema: Schema | None = None
    #: Where its code is, and what starts it.
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
        collect_static(self.environment)

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
        """Starts gunicorn and waits for nothing; what it says goes to this file."""
        self.process = subprocess.Popen(self.command, cwd=self.root, env=self.environment, stdout=output, stderr=output)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/health", timeout=5).status_code == 200
        return False

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """One request; its response is held against the schema where the fixture gave one."""
        response = self.http.request(method, self.url + path, timeout=30, **kwargs)
        if self.schema and not kwargs.get("stream"):
            self.schema.judge(method, path, response.status_code, dict(response.headers), response.content)
        return response

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """GET."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        """POST; `json=` or `data=` with headers."""
        return self.request("POST", path, **kwargs)

    def raw(self, data: bytes, seconds: float = 10) -> bytes:
        """Everything that the service answers to these bytes until it closes or falls silent."""
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
        """A connection of the test's own to the service's database, each statement its own transaction."""
        with contextlib.closing(psycopg2.connect(libpq_url(self.database_url))) as connection:
            connection.autocommit = True
            yield connection

    def execute(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement; an empty list where it has none."""
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def log_lines(self) -> list[dict[str, Any]]:
        """What it logged so far, parsed; raises ValueError where a line is not JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def libpq_url(database_url: str) -> str:
    """The URL as libpq reads it."""
    return database_url.replace("postgres://", "postgresql://", 1)


def collect_static(environment: dict[str, str]) -> None:
    """Collects the static files once for all processes of the tests; they are the same for every service."""
    target = Path(environment["STATIC_ROOT"])
    done = target.with_suffix(".done")
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        done.touch()
