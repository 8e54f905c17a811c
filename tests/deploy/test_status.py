"""`status`."""

from __future__ import annotations

import pytest

from tests.deploy.account import ServedProject

pytestmark = [pytest.mark.deploy, pytest.mark.docker, pytest.mark.slow]


def test_status_tells_what_serves(served: ServedProject) -> None:
    tag = served.settled()
    served.deploy("status").expect(
        0,
        f"serving      {tag}",
        "tasks        1 running, 0 pending, 1 desired",
        "PRIMARY COMPLETED",
        "deploying    nobody",
    )
