"""`make run` (without make) starts, keeps its data, explains errors and leaves no process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import psutil
import pytest
import requests

from tests.support.environment import WORKSPACE
from tests.support.service import ROOT, free_port, wait_until

pytestmark = pytest.mark.slow

START_SECONDS = 90


class Run:
    """One `python -m dev.run` with its own local directory."""

    started: ClassVar[list[Run]] = []

    def __init__(self, local: Path, port: int, **settings: str):
        self.local, self.port, self.url = local, port, f"http://localhost:{port}"
        # Empty variables keep a developer's .env from setting them.
        unset = dict.fromkeys(("BIND", "DATABASE_URL", "SECRET_KEY", "STATIC_ROOT"), "") | settings
        self.log = (WORKSPACE / f"run-{port}.log").open("ab+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dev.run"],
            cwd=ROOT,
            env={**os.environ, **unset, "LOCAL_DIR": str(local), "PORT": str(port), "WEB_CONCURRENCY": "1"},
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        Run.started.append(self)

    def said(self) -> str:
        """Its output so far."""
        return Path(self.log.name).read_text()

    def wait_until_ready(self) -> None:
        """Waits until it is ready, or fails the test."""
        wait_until(self._ready, f"it is ready; it said: {self.said()}", START_SECONDS)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/health/ready", timeout=10).status_code == 200
        return False

    def end(self) -> int:
        """Waits for its end and returns the exit code. PostgreSQL's last checkpoint may be slow on a busy disk."""
        try:
            return self.process.wait(120)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end; it said: {self.said()}") from None

    def processes(self) -> set[int]:
        """Its process, its children, and PostgreSQL, which has no parent."""
        mine = {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}
        server = int((self.local / "postgres" / "postmaster.pid").read_text().split()[0])
        database = {child.pid for child in psutil.Process(server).children(recursive=True)}
        return {self.process.pid, server, *mine, *database}


def running(processes: set[int]) -> set[int]:
    """The processes that have not ended."""
    return {pid for pid in processes if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"}


def listening(processes: set[int], port: int) -> set[str]:
    """The addresses where these processes listen on this port."""
    sockets = [each for pid in processes for each in psutil.Process(pid).net_connections("inet")]
    return {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN and each.laddr.port == port}


@pytest.fixture
def local() -> Iterator[Path]:
    yield WORKSPACE / "local"
    for run in Run.started:  # A failed test may have left one running.
        run.process.terminate()
        run.process.wait(30)


def test_it_starts_keeps_its_data_and_leaves_nothing_behind(local: Path) -> None:
    made: list[str] = []
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run = Run(local, free_port())
        run.wait_until_ready()
        wait_until(lambda run=run: run.url in run.said(), "it says where it is")
        listed = [gadget["id"] for gadget in requests.get(f"{run.url}/gadgets", timeout=10).json()]
        assert listed == made[::-1]
        made.append(requests.post(f"{run.url}/gadgets", json={"name": "kept"}, timeout=10).json()["id"])
        processes = run.processes()
        assert len(processes) > 5
        assert listening(processes, run.port) == {"127.0.0.1"}
        run.process.send_signal(stop)
        assert run.end() == 0, run.said()
        assert not (local / "postgres" / "postmaster.pid").exists()
        assert running(processes) == set()
        assert "Traceback" not in run.said()


def test_bind_opens_the_port_for_other_machines(local: Path) -> None:
    run = Run(local, free_port(), BIND="0.0.0.0")
    run.wait_until_ready()
    assert listening(run.processes(), run.port) == {"0.0.0.0"}
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 0, run.said()


def test_it_starts_again_when_the_code_changes(local: Path) -> None:
    added = ROOT / "dev" / f"added_{os.getpid()}.py"
    run = Run(local, free_port(), RELOAD="1", BIND="::")
    try:
        run.wait_until_ready()
        added.touch()
        wait_until(lambda: run.said().count("Listening at") == 2, "it starts again", START_SECONDS)
        run.wait_until_ready()
    finally:
        added.unlink(missing_ok=True)
        run.process.send_signal(signal.SIGINT)
    assert run.end() == 0, run.said()


def test_what_a_crash_left_does_not_keep_it_from_stopping_its_server(local: Path) -> None:
    pid_file = local / "postgres" / "postmaster.pid"
    first = Run(local, free_port())
    first.wait_until_ready()
    left = pid_file.read_text().splitlines()
    first.process.send_signal(signal.SIGINT)
    assert first.end() == 0, first.said()
    # After a power cut the pid file is there, but not its process.
    nobody = next(pid for pid in range(2**22 - 1, 0, -1) if not psutil.pid_exists(pid))
    pid_file.write_text("\n".join([str(nobody), *left[1:]]) + "\n")
    shutil.chown(pid_file, (local / "postgres").stat().st_uid)

    second = Run(local, free_port())
    second.wait_until_ready()
    processes = second.processes()
    second.process.send_signal(signal.SIGINT)
    assert second.end() == 0, second.said()
    assert running(processes) == set()
    assert not pid_file.exists()


def test_a_taken_port_is_one_sentence(local: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        run = Run(local, port)
        assert run.process.wait(60) == 1
    assert run.said() == f"Port {port} cannot be used: Address already in use. Try another: make run PORT={port + 1}\n"


def test_a_database_that_does_not_come_up_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("not a directory")
    run = Run(tmp_path, free_port())
    assert run.process.wait(60) == 1
    last = run.said().splitlines()[-1]
    assert last.startswith(f"The embedded PostgreSQL in {tmp_path / 'postgres'} did not start: ")
    assert "DATABASE_URL" in last
    assert "Traceback" not in run.said()
