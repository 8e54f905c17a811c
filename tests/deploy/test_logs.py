"""`logs`."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.deploy.account import ServedProject
from tests.deploy.gateway import Gateway
from tests.deploy.local import LocalProject

pytestmark = pytest.mark.deploy


@pytest.mark.docker
@pytest.mark.slow
def test_logs_of_the_service_and_of_tasks(served: ServedProject) -> None:
    served.deploy("logs").expect(0, "serving on 8000")
    run = served.deploy("logs", "--migrate", "--since", "1h").expect(0, "Applying items.0002... OK")
    assert "serving on 8000" not in run.output


def test_follow_prints_each_line_once_until_it_is_interrupted(deployed: LocalProject, gateway: Gateway) -> None:
    pages = iter([["first"], ["first", "second"], ["second"]])

    def events(_: dict[str, Any]) -> dict[str, Any]:
        names = next(pages, None)
        if names is None:
            os.kill(os.getpid(), signal.SIGINT)
        event = {"timestamp": int(time.time() * 1000), "logStreamName": "api/api/1"}
        return {"events": [{**event, "eventId": name, "message": f"line {name}"} for name in names or ()]}

    gateway.answers["FilterLogEvents"] = events
    run = deployed.deploy("logs", "--follow").expect(130, "line first", "line second")
    assert run.output.count("line ") == 2
