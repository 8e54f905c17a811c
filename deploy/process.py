"""Runs other programs, passes on their output line by line, and interrupts them gently."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.errors import MissingToolError

INSTALL_HINTS = {
    "terraform": "Install Terraform 1.11 or later and put it on PATH.",
    "docker": "Install Docker and put it on PATH.",
    "git": "Install Git, or name an image of the registry with --image-tag.",
}


def require(command: str) -> None:
    """Raises MissingToolError unless `command` is on PATH."""
    if shutil.which(command) is None:
        raise MissingToolError(f"{command} is not on PATH.", hint=INSTALL_HINTS.get(command))


def capture(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end and returns exit code, stdout and stderr."""
    require(command[0])
    return subprocess.run(
        command, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, errors="replace", check=False
    )


def stream(
    command: Sequence[str],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> int | None:
    """Runs the command to its end and passes each line of its output to `on_line`.

    Returns the exit code, or None when it was interrupted after `timeout` seconds.

    The program gets its own session, so that it receives a Ctrl-C only once, from this process. Terraform aborts its
    work at a second interrupt.
    """
    require(command[0])
    child = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _interrupt(child)

    timer = threading.Timer(timeout or threading.TIMEOUT_MAX, expire)
    timer.daemon = True
    timer.start()
    try:
        _drain(child, command[0], on_line)
    finally:
        timer.cancel()
    return None if expired.is_set() else child.returncode


def _drain(child: subprocess.Popen[str], name: str, on_line: Callable[[str], None]) -> None:
    try:
        _read(child, on_line)
    except KeyboardInterrupt:
        print(f"Interrupted. Waiting until {name} has stopped in order.", file=sys.stderr, flush=True)
        _interrupt(child)
        _read_to_the_end(child, on_line)
        raise
    except BaseException:
        _interrupt(child)
        child.wait()
        raise


def _read_to_the_end(child: subprocess.Popen[str], on_line: Callable[[str], None]) -> None:
    """Ignores another Ctrl-C, because a Terraform whose output nobody reads dies before it has saved its state."""
    while True:
        try:
            return _read(child, on_line)
        except KeyboardInterrupt:
            continue


def _read(child: subprocess.Popen[str], on_line: Callable[[str], None]) -> None:
    for line in child.stdout or ():
        on_line(line.rstrip("\n"))
    child.wait()


def _interrupt(child: subprocess.Popen[str]) -> None:
    if child.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGINT)
