"""A worker beside the service."""

from __future__ import annotations

import pytest

from tests.deploy.account import ServedProject

pytestmark = [pytest.mark.deploy, pytest.mark.docker, pytest.mark.slow]


def test_it_is_deployed_after_the_migration_and_followed_to_its_end(served: ServedProject) -> None:
    served.write_variables("dev", worker=True)
    tag = served.commit()
    try:
        run = served.deploy("up").expect(0, f"{tag} serves at", "the worker:")
        positions = [
            run.output.index(words) for words in ("migrate ...", "roll out ...", "the worker:", "smoke test ...")
        ]
        assert positions == sorted(positions)
        assert "at work" in served.deploy("logs", "--worker").expect(0).output
        served.deploy("status").expect(0, "worker       1 running")
        assert "at work" not in served.deploy("logs").expect(0).output
    finally:
        served.write_variables("dev")
