"""Programs that deploy runs."""

from __future__ import annotations

import sys

import pytest

from deploy.process import stream

pytestmark = pytest.mark.deploy

STOPS_IN_ORDER = """
import signal

def stop(*_):
    print("stopping", flush=True)
    print("saved", flush=True)
    raise SystemExit

signal.signal(signal.SIGINT, stop)
print("started", flush=True)
signal.pause()
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
