"""`logs`."""

from __future__ import annotations

import pytest

from tests.deploy.account import ServedProject

pytestmark = [pytest.mark.deploy, pytest.mark.docker, pytest.mark.slow]


def test_logs_of_the_service_and_of_tasks(served: ServedProject) -> None:
    served.deploy("logs").expect(0, "serving on 8000")
    run = served.deploy("logs", "--migrate", "--since", "1h").expect(0, "Applying items.0002... OK")
    assert "serving on 8000" not in run.output
