"""Programs that deploy runs."""

from __future__ import annotations

import sys

import pytest

from deploy.process import stream

pytestmark = pytest.mark.deploy

# It has no handler: one that is called while "started" is written may not write itself.
STOPS_IN_ORDER = """
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("started", flush=True)
signal.sigwait([signal.SIGINT])
print("stopping", flush=True)
print("saved", flush=True)
"""


def test_an_impatient_user_loses_no_state(capfd: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []

    def interrupt(line: str) -> None:
        lines.append(line)
        if line in ("started", "stopping"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream([sys.executable, "-c", STOPS_IN_ORDER], interrupt)
    assert lines == ["started", "stopping", "saved"]
    assert "Interrupted. Waiting until" in capfd.readouterr().err
