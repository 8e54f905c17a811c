"""Faults of one-off tasks that need a scripted ECS. `up` and `run` use the same code as `migrate`."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.deploy.gateway import FaultError, Gateway
from tests.deploy.local import LocalProject
from tests.deploy.scripted_ecs import DONE, ScriptedEcs

pytestmark = pytest.mark.deploy

RUNNING = {"lastStatus": "RUNNING"}


def test_placement_failure(deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs) -> None:
    failure = {"arn": "arn:aws:ecs:us-east-1:000000000000:cluster/stand-in-dev", "reason": "Capacity is unavailable"}
    gateway.answers["RunTask"] = lambda _: {"tasks": [], "failures": [failure]}
    deployed.up("v2").expect(
        40, "ECS did not accept the migrate task.", "Capacity is unavailable: arn:aws:ecs", "Serving now: v1."
    )
    assert ecs.serving() == "v1"
    assert deployed.outputs()["image_tag"] == "v1"


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("CannotPullContainerError: pull image manifest has been retried 7 time(s)", "Is the image in the registry"),
        ("ResourceInitializationError: unable to pull secrets or registry auth", "Can the execution role read"),
        ("Task failed to start", "stays visible in the ECS console"),
    ],
)
def test_stopped_before_it_logged(deployed: LocalProject, ecs: ScriptedEcs, reason: str, hint: str) -> None:
    ecs.task = [{"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart", "stoppedReason": reason}]
    deployed.deploy("migrate").expect(41, "stopped before its command ran", reason, "(it logged nothing)", hint)
    assert ecs.serving() == "v1"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"exitCode": 1}, "failed with exit code 1"),
        ({"exitCode": 75}, "Another migration is running"),
        ({"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}, "raise task_memory"),
        ({"exitCode": 137}, "raise task_memory"),
        ({"exitCode": 0, "stopCode": "UserInitiated"}, "Somebody stopped the migrate task."),
        ({"exitCode": 143, "stopCode": "SpotInterruption", "stoppedReason": "Spot Task was interrupted"}, "Spot Task"),
    ],
)
def test_exits_other_than_zero(deployed: LocalProject, ecs: ScriptedEcs, state: dict[str, Any], text: str) -> None:
    ecs.task = [RUNNING, {**DONE, **state}]
    deployed.deploy("migrate").expect(42, text)


def test_lines_that_come_after_the_stop_are_shown(deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs) -> None:
    ecs.task = [{**DONE, "exitCode": 1}]
    pages = iter([[], [{"message": "relation items_item already exists"}]])

    def events(_: dict[str, Any]) -> dict[str, Any]:
        return {"events": next(pages, []), "nextForwardToken": f"f/{len(gateway.called('GetLogEvents'))}"}

    gateway.answers["GetLogEvents"] = events
    deployed.deploy("migrate").expect(42, "relation items_item already exists", "its log is above")


def test_a_one_off_task_has_no_public_address(deployed: LocalProject, gateway: Gateway) -> None:
    outputs = deployed.outputs()
    before = len(gateway.called("RunTask"))
    deployed.deploy("migrate").expect(0)
    deployed.deploy("run", "--", "true").expect(0)
    for request in gateway.called("RunTask")[before:]:
        assert request["networkConfiguration"]["awsvpcConfiguration"] == {
            "subnets": outputs["migrate_subnet_ids"],
            "securityGroups": outputs["migrate_security_group_ids"],
            "assignPublicIp": "DISABLED",
        }


def test_time_out_stops_the_task(deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs) -> None:
    ecs.task = [RUNNING]
    deployed.deploy("migrate", "--migrate-timeout", "0.1").expect(43, "not done after 0 s; it is stopped now")
    (stop,) = gateway.called("StopTask")
    assert stop["task"].endswith("/one-off")


def test_interrupt_names_what_goes_on(deployed: LocalProject, gateway: Gateway) -> None:
    def interrupt(_: dict[str, Any]) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return {"tasks": [], "failures": []}

    gateway.answers["DescribeTasks"] = interrupt
    deployed.deploy("migrate").expect(130, "goes on running at ECS: arn:aws:ecs", "aws ecs stop-task", "aws logs tail")
    assert not gateway.called("StopTask")
    deployed.deploy("status").expect(0, "deploying    nobody")


def test_a_throttled_call_is_repeated_with_the_same_token(
    deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs
) -> None:
    before = len(gateway.called("RunTask"))

    def throttle(payload: dict[str, Any]) -> dict[str, Any]:
        if len(gateway.called("RunTask")) == before + 1:
            raise FaultError("ThrottlingException", "Rate exceeded")
        return ecs.run_task(payload)

    gateway.answers["RunTask"] = throttle
    deployed.deploy("migrate").expect(0)
    first, second = gateway.called("RunTask")[before:]
    assert first["clientToken"] == second["clientToken"]


def test_a_task_not_listed_yet_is_waited_for(deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs) -> None:
    looks = iter([{"tasks": [], "failures": [{"reason": "MISSING"}]}])
    gateway.answers["DescribeTasks"] = lambda payload: next(looks, None) or ecs.describe_tasks(payload)
    deployed.deploy("migrate").expect(0)
