"""One deploy at a time per environment."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from deploy import lock
from deploy.errors import LockedError
from deploy.lock import DeployLock
from tests.deploy.gateway import Gateway
from tests.deploy.local import LocalProject

pytestmark = pytest.mark.deploy

PREFIX = "/stand-in/dev/deploy"


def make(project: LocalProject, **options: bool) -> DeployLock:
    return DeployLock(project.client("ssm"), PREFIX, "deploy up", **options)


def age(gateway: Gateway, seconds: float) -> None:
    """Makes every lock look as if it had been renewed `seconds` ago."""

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        found = gateway.ask("GetParameter", payload)
        found["Parameter"]["LastModifiedDate"] = time.time() - seconds
        return found

    gateway.answers["GetParameter"] = answer


def test_a_second_deploy_is_refused(deployed: LocalProject, gateway: Gateway) -> None:
    with make(deployed):
        for name in ("up", "rollback", "migrate", "down"):
            arguments = {"up": ["--image-tag", "v1"], "down": ["--yes"]}.get(name, [])
            deployed.deploy(name, *arguments).expect(
                14, "Another deploy holds this environment", "runs `deploy up` since", "--break-lock"
            )
        deployed.deploy("status").expect(0, "runs `deploy up` since")
    assert not gateway.called("RunTask")
    deployed.deploy("migrate").expect(0)


def test_break_lock(deployed: LocalProject) -> None:
    with make(deployed):
        deployed.deploy("migrate", "--break-lock").expect(0)


def test_a_dead_deploys_lock_is_taken_over(deployed: LocalProject, gateway: Gateway) -> None:
    make(deployed)._create(f"{PREFIX}/lock")  # and then it crashed
    age(gateway, lock.LEASE_SECONDS - 30)
    deployed.deploy("migrate").expect(14, "last sign of life 2")
    age(gateway, lock.LEASE_SECONDS + 30)
    deployed.deploy("migrate").expect(0)


def test_of_many_that_see_a_dead_lock_one_gets_it(deployed: LocalProject, gateway: Gateway) -> None:
    make(deployed)._create(f"{PREFIX}/lock")
    age(gateway, lock.LEASE_SECONDS + 30)
    ssm, start, winners = deployed.client("ssm"), threading.Barrier(6), []

    def enter() -> None:
        mine = DeployLock(ssm, PREFIX, "deploy up")
        start.wait()
        try:
            mine.__enter__()
        except LockedError:
            return
        winners.append(mine)

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = lock.read_lease(ssm, f"{PREFIX}/lock")
    assert held is not None
    # Who overwrote a lock that looks old for ever loses it at the next renewal: one is left.
    assert [mine for mine in winners if mine._nonce == held.nonce]
    for mine in winners:
        mine.__exit__()


def test_a_deploy_whose_lock_was_broken_stops(deployed: LocalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    with make(deployed) as broken, make(deployed, break_lock=True) as taker:
        broken._thread.join(10)
        with pytest.raises(LockedError, match="Somebody broke this deploy's lock"):
            broken.check()
        taker.check()
    assert lock.read_lease(deployed.client("ssm"), f"{PREFIX}/lock") is None


def test_the_lease_is_renewed(deployed: LocalProject, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    with make(deployed) as held:
        deadline = time.monotonic() + 10
        while len(gateway.called("PutParameter")) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        held.check()
    assert len(gateway.called("PutParameter")) >= 3


def test_ci_names_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"RUN_ID": "7", "SERVER_URL": "https://github.example", "REPOSITORY": "team/itemsvc", "ACTOR": "octo"}
    for name, value in values.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    assert lock.holder() == "octo (https://github.example/team/itemsvc/actions/runs/7)"
