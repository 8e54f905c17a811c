"""`rollback`."""

from __future__ import annotations

import pytest

from tests.deploy.account import ServedProject

pytestmark = [pytest.mark.deploy, pytest.mark.docker, pytest.mark.slow]


def test_back_to_what_served_before_and_forward_again(served: ServedProject) -> None:
    old = served.commit()
    served.deploy("up").expect(0)
    served.commit(serve="crash")  # has a task definition revision, but never serves
    served.deploy("up").expect(50)
    new = served.commit()
    served.deploy("up").expect(0)
    served.deploy("rollback", "--dry-run").expect(0, f"would replace {new} by {old}")
    assert served.settled() == new
    served.deploy("rollback").expect(
        0, f"from {new} back to {old}", "a rollback does not undo migrations", f"{old} serves at"
    )
    assert served.settled() == old
    assert served.outputs()["migrate_image_tag"] == new
    served.deploy("rollback").expect(0, f"{new} serves at")
    assert served.settled() == new


def test_to_a_named_tag(served: ServedProject) -> None:
    before = served.settled()
    served.commit()
    served.deploy("up").expect(0)
    served.deploy("rollback", before).expect(0)
    assert served.settled() == before


def test_to_an_image_that_is_not_there(served: ServedProject) -> None:
    before = served.settled()
    served.deploy("rollback", "0123456789ab").expect(32, "The registry has no image 0123456789ab.", "it has: ")
    assert served.settled() == before


def test_without_a_record_the_revisions_tell(served: ServedProject) -> None:
    old, new = served.settled(), served.commit()
    served.deploy("up").expect(0)
    served.account.client("ssm").delete_parameter(Name="/stand-in/dev/deploy/releases")
    served.deploy("rollback", "--dry-run").expect(0, f"would replace {new} by {old}")
