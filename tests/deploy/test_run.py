"""`run`."""

from __future__ import annotations

import subprocess

import pytest

from tests.deploy.account import ServedProject

pytestmark = [pytest.mark.deploy, pytest.mark.docker, pytest.mark.slow]


def test_run_prints_the_commands_own_output(served: ServedProject) -> None:
    process = subprocess.run(
        served.command(
            "run", "--env", "WORD=blue", "--", "python", "-c", "import os; print('sky', os.environ['WORD'])"
        ),
        env=served.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == "sky blue\n"


def test_run_of_a_command_that_fails(served: ServedProject) -> None:
    served.deploy("run", "--", "python", "-c", "print('no such user'); raise SystemExit(3)").expect(
        42, "no such user", "The run task failed with exit code 3."
    )


def test_run_of_a_command_that_does_not_exist(served: ServedProject) -> None:
    served.deploy("run", "--", "no-such-command").expect(41, "no-such-command", "stopped before its command ran")


def test_run_too_long(served: ServedProject) -> None:
    command = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(1)); time.sleep(100)"
    served.deploy("run", "--timeout", "2", "--", "python", "-c", command).expect(
        43, "was not done after 2 s; it is stopped now"
    )
