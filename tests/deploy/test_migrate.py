"""`migrate`. test_task_faults.py has the faults that need a scripted ECS."""

from __future__ import annotations

import pytest

from tests.deploy.account import ServedProject

pytestmark = [pytest.mark.deploy, pytest.mark.docker, pytest.mark.slow]


def test_runs_the_registered_migrations(served: ServedProject) -> None:
    before = served.deployment_id()
    served.deploy("migrate").expect(0, "| Applying items.0002... OK", "migrate: done")
    assert served.deployment_id() == before


def test_dry_run_starts_nothing(served: ServedProject) -> None:
    served.deploy("migrate", "--dry-run").expect(0, "would run arn:aws:ecs:", "stand-in-dev-migrate:")


def test_an_image_that_cannot_be_pulled(served: ServedProject) -> None:
    before = served.settled()
    tag = served.commit()
    served.deploy("up").expect(0)
    served.deploy("rollback", before).expect(0)
    served.account.forget_image("stand-in-dev", tag)
    served.deploy("migrate").expect(41, "stopped before its command ran", "pull", "(it logged nothing)")
    assert served.settled() == before
