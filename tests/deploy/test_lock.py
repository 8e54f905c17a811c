"""One deploy at a time per environment."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from deploy import lock
from deploy.errors import LockedError
from deploy.lock import DeployLock
from tests.deploy.gateway import FaultError, Gateway
from tests.deploy.local import LocalProject

pytestmark = pytest.mark.deploy

PREFIX = "/stand-in/dev/deploy"
LOCK, MARKER = f"{PREFIX}/lock", f"{PREFIX}/lock-takeover"


def make(project: LocalProject, **options: bool) -> DeployLock:
    return DeployLock(project.client("ssm"), PREFIX, "deploy up", **options)


def dead(project: LocalProject) -> DeployLock:
    """A deploy that crashed after it took the lock."""
    crashed = make(project)
    crashed._create(LOCK)
    return crashed


def age(gateway: Gateway, seconds: float, nonce: str = "") -> None:
    """Makes the lock of `nonce` (or every lock) look as if its last renewal was `seconds` ago."""

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        found = gateway.ask("GetParameter", payload)
        if nonce in found["Parameter"]["Value"]:
            found["Parameter"]["LastModifiedDate"] = time.time() - seconds
        return found

    gateway.answers["GetParameter"] = answer


def wait_until(happened: Callable[[], object]) -> None:
    """Waits at most ten seconds. The test asserts the condition afterwards."""
    deadline = time.monotonic() + 10
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)


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
    dead(deployed)
    age(gateway, lock.LEASE_SECONDS - 30)
    deployed.deploy("migrate").expect(14, "it renewed its lock 2")
    age(gateway, lock.LEASE_SECONDS + 30)
    deployed.deploy("migrate").expect(0)


def test_a_lock_is_as_old_as_aws_says(deployed: LocalProject, gateway: Gateway) -> None:
    gateway.behind = 3600
    age(gateway, 3600)
    with make(deployed):
        deployed.deploy("migrate").expect(14, "it renewed its lock 0 s ago")


def all_see_it_before_one_overwrites_it(gateway: Gateway, many: int, refused: list[str]) -> None:
    """Delays the first reads until all `many` deploys have read, and an overwrite until the others are refused."""
    read, everybody_read = gateway.answers["GetParameter"], threading.Barrier(many)
    reads = itertools.count()

    def read_together(payload: dict[str, Any]) -> dict[str, Any]:
        found = read(payload)
        if next(reads) < many:
            everybody_read.wait(10)
        return found

    def overwrite_last(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["Overwrite"]:
            wait_until(lambda: len(refused) == many - 1)
        return gateway.ask("PutParameter", payload)

    gateway.answers |= {"GetParameter": read_together, "PutParameter": overwrite_last}


def test_of_many_that_see_a_dead_lock_one_gets_it(deployed: LocalProject, gateway: Gateway) -> None:
    many, ssm = 6, deployed.client("ssm")
    winners: list[DeployLock] = []
    refused: list[str] = []

    def enter() -> None:
        try:
            winners.append(DeployLock(ssm, PREFIX, "deploy up").__enter__())
        except LockedError as error:
            refused.append(str(error))

    age(gateway, lock.LEASE_SECONDS + 30, dead(deployed)._nonce)
    all_see_it_before_one_overwrites_it(gateway, many, refused)
    threads = [threading.Thread(target=enter) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = lock.read_lease(ssm, LOCK)
    assert held is not None
    assert [mine._nonce for mine in winners] == [held.nonce]
    assert refused == ["Another deploy is taking over the lock of a dead deploy."] * (many - 1)
    winners[0].__exit__()


def test_a_lock_that_another_took_over_first_is_left_alone(deployed: LocalProject, gateway: Gateway) -> None:
    age(gateway, lock.LEASE_SECONDS + 30, dead(deployed)._nonce)
    first = make(deployed)

    def take_over_first(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["Name"] == MARKER:
            value = {"nonce": first._nonce, "holder": "the first", "command": "deploy up", "since": "now"}
            gateway.ask("PutParameter", {**payload, "Name": LOCK, "Value": json.dumps(value), "Overwrite": True})
        return gateway.ask("PutParameter", payload)

    gateway.answers["PutParameter"] = take_over_first
    deployed.deploy("migrate").expect(14, "Another deploy took over first.")
    held = lock.read_lease(deployed.client("ssm"), LOCK)
    assert held is not None
    assert held.nonce == first._nonce


def test_one_that_died_while_it_took_over_is_broken_by_hand(deployed: LocalProject, gateway: Gateway) -> None:
    age(gateway, lock.LEASE_SECONDS + 30, dead(deployed)._nonce)
    make(deployed)._create(MARKER)
    deployed.deploy("migrate").expect(14, "Another deploy is taking over the lock of a dead deploy.", "--break-lock")
    deployed.deploy("migrate", "--break-lock").expect(0)
    age(gateway, lock.LEASE_SECONDS + 30, dead(deployed)._nonce)
    deployed.deploy("migrate").expect(0)


def test_a_deploy_whose_lock_was_broken_stops(deployed: LocalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    with make(deployed) as broken, make(deployed, break_lock=True) as taker:
        broken._thread.join(10)
        with pytest.raises(LockedError, match="Another deploy broke this deploy's lock"):
            broken.check()
        taker.check()
    assert lock.read_lease(deployed.client("ssm"), LOCK) is None


def test_the_lease_is_renewed(deployed: LocalProject, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    with make(deployed) as held:
        wait_until(lambda: len(gateway.called("PutParameter")) >= 3)
        held.check()
    assert len(gateway.called("PutParameter")) >= 3


@pytest.mark.parametrize("action", ["GetParameter", "PutParameter"])
def test_the_renewal_goes_on_after_an_api_error(
    deployed: LocalProject, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    renewed = []

    def fail_once(payload: dict[str, Any]) -> dict[str, Any]:
        gateway.answers["PutParameter"] = lambda later: (renewed.append(later), gateway.ask("PutParameter", later))[1]
        gateway.answers.pop("GetParameter", None)
        raise FaultError("AccessDeniedException", "The token has just been replaced.")

    with make(deployed) as held:
        gateway.answers[action] = fail_once
        wait_until(lambda: renewed)
        held.check()
    assert renewed


def test_a_lock_that_cannot_be_released_hides_no_failure(deployed: LocalProject, gateway: Gateway) -> None:
    def expired(_payload: dict[str, Any]) -> dict[str, Any]:
        raise FaultError("ExpiredTokenException", "The security token included in the request is expired")

    def fail() -> None:
        with make(deployed):
            gateway.answers["GetParameter"] = expired
            raise LockedError("the deploy's own failure")

    with pytest.raises(LockedError, match="the deploy's own failure"):
        fail()


def test_ci_names_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"RUN_ID": "7", "SERVER_URL": "https://github.example", "REPOSITORY": "team/itemsvc", "ACTOR": "octo"}
    for name, value in values.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    assert lock.holder() == "octo (https://github.example/team/itemsvc/actions/runs/7)"
