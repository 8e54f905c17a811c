"""Runs a program as a server on one CPU, and reads its CPU time."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Self

import psutil

from benchmarks.load import Request
from benchmarks.machine import ROOT, SERVER_CPU, pinned
from benchmarks.programs import Program

START_SECONDS = 60
STOP_SECONDS = 20
PROBE_SECONDS = 10
TAIL_BYTES = 4000


class StartError(Exception):
    """A program did not start. The message has its title and the end of its log."""


def free_port() -> int:
    """A free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One process with its workers on the server's CPU. A thread reads its output."""

    def __init__(self, program: Program, database_url: str):
        self.program = program
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = program.environment_for(database_url, self.port)
        self._tail = b""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            pinned(SERVER_CPU, self.program.command(self.port)),
            cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._drain, daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not self.alive():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise StartError(f"{self.program.title} did not start: {self._tail.decode(errors='replace')}")
            time.sleep(0.05)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
                return
            for process in self._tree():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait()

    def _drain(self) -> None:
        assert self._process.stdout
        descriptor = self._process.stdout.fileno()
        while chunk := os.read(descriptor, 1 << 20):
            self._tail = (self._tail + chunk)[-TAIL_BYTES:]

    def alive(self) -> bool:
        """Whether `/health` answers 200."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.answer(Request("GET", "/health"), {})[0] == 200
        return False

    def answer(self, request: Request, headers: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
        """Sends one request on a new connection. Returns status, body and headers (lower case)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PROBE_SECONDS)
        own = dict([request.header.split(": ", 1)] if request.header else [])
        with contextlib.closing(connection):
            sent = {**self.program.headers, **headers, **own}
            connection.request(request.method, request.path, request.body or None, sent)
            response = connection.getresponse()
            return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}

    @property
    def pid(self) -> int:
        """The process whose children serve."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        found = 0.0
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                found += times.user + times.system
        return found

    def _tree(self) -> list[psutil.Process]:
        own = psutil.Process(self._process.pid)
        return [own, *own.children(recursive=True)]
