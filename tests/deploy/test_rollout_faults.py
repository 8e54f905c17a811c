"""Roll-outs that fail, and the serving release and the Terraform state after them."""

from __future__ import annotations

import contextlib
import copy
import time
from typing import Any

import pytest

from tests.deploy.gateway import Gateway
from tests.deploy.local import LocalProject
from tests.deploy.scripted_ecs import ScriptedEcs

pytestmark = [pytest.mark.deploy, pytest.mark.slow]


def log_of_the_crash(project: LocalProject, stream: str) -> None:
    logs = project.client("logs")
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName="/stand-in/dev/app", logStreamName=stream)
    event = {"timestamp": int(time.time() * 1000), "message": "the setting FEATURE_X is missing"}
    logs.put_log_events(logGroupName="/stand-in/dev/app", logStreamName=stream, logEvents=[event])


@pytest.mark.parametrize("outcome", ["wrong", "unseen"])
def test_circuit_breaker(deployed: LocalProject, ecs: ScriptedEcs, outcome: str) -> None:
    ecs.outcomes["v2"] = outcome
    log_of_the_crash(deployed, "api/api/crashed")
    run = deployed.up("v2").expect(50, "The roll-out failed", "circuit breaker", "restore v1: done", "Serving now: v1.")
    assert "Essential container in task exited" in run.output
    assert "the setting FEATURE_X is missing" in run.output
    assert ecs.serving() == deployed.outputs()["image_tag"] == "v1"


def test_too_long(deployed: LocalProject, ecs: ScriptedEcs) -> None:
    ecs.outcomes["v2"] = "nowhere"
    run = deployed.up("v2", "--rollout-timeout", "0.1").expect(51, "was not done after 0 s", "Serving now: v1.")
    assert "no task stopped; the service's last events:" in run.output
    assert "(service api) has started 1 tasks." in run.output
    assert ecs.serving() == deployed.outputs()["image_tag"] == "v1"


def test_replaced_by_somebody_else(deployed: LocalProject, ecs: ScriptedEcs) -> None:
    ecs.outcomes["v2"] = "replaced"
    deployed.up("v2").expect(52, "Another deployment of the service replaced this one", "primary ecs-svc/")


def test_replaced_before_the_first_look(deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs) -> None:
    looks = 0

    def roll_out_and_replace(payload: dict[str, Any]) -> dict[str, Any]:
        answer = ecs.update_service(payload)
        if ecs.tags[payload["taskDefinition"]] == "v2":
            ecs._go_replaced(ecs.deployments[0])
            gateway.answers |= {"DescribeServices": look, "UpdateService": ecs.update_service}
        return answer

    def look(payload: dict[str, Any]) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        return ecs.describe_services(payload)

    gateway.answers["UpdateService"] = roll_out_and_replace
    deployed.up("v2", "--rollout-timeout", "5").expect(52, "Another deployment of the service replaced this one")
    assert looks < 10  # It fails at once, without a wait for APPEAR_SECONDS.


def test_a_deployment_not_listed_yet_is_waited_for(deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs) -> None:
    before = iter([copy.deepcopy(ecs.describe_services({}))] * 3)

    def look(payload: dict[str, Any]) -> dict[str, Any]:
        rolled_out = bool(gateway.called("UpdateService"))
        return (next(before, None) if rolled_out else None) or ecs.describe_services(payload)

    gateway.answers["DescribeServices"] = look
    deployed.up("v2").expect(0)
    assert next(before, None) is None
    assert ecs.serving() == "v2"


def test_the_tasks_of_an_earlier_try_are_no_evidence(project: LocalProject, ecs: ScriptedEcs) -> None:
    project.create()
    ecs.outcomes["v1"] = "wrong"
    project.up("v1").expect(50, "task crashed: Essential container in task exited")
    (earlier,) = ecs.stopped_tasks
    earlier |= {"taskArn": earlier["taskArn"].replace("crashed", "earlier"), "stoppedReason": "Failed in the first try"}
    run = project.up("v1").expect(50, "starting a new one", "task crashed: Essential container in task")
    assert "first try" not in run.output


def test_restoring_fails_too(deployed: LocalProject, ecs: ScriptedEcs) -> None:
    ecs.outcomes |= {"v2": "wrong"}
    deployed.write_variables("dev", fault='[ "$(cat .count 2>/dev/null)" != x ] && printf x > .count')
    deployed.up("v2").expect(53, "Restoring v1 failed too: terraform apply failed.", "Act now", "rollback v1")
    assert ecs.serving() == "v1"  # because of the circuit breaker


def test_the_first_release_of_all(project: LocalProject, ecs: ScriptedEcs, gateway: Gateway) -> None:
    project.create()
    ecs.outcomes["v1"] = "wrong"
    project.up("v1").expect(50, "No release served before v1, so none serves now.")
    ecs.outcomes["v1"] = "well"
    project.deploy("up", "--image-tag", "v1", "--skip-smoke").expect(0, "starting a new one")
    assert gateway.called("UpdateService")[-1]["forceNewDeployment"] is True
    assert ecs.serving() == "v1"


def test_a_state_that_names_a_broken_image_is_settled_first(deployed: LocalProject, ecs: ScriptedEcs) -> None:
    ecs.outcomes["v2"] = "wrong"
    deployed.terraform_command(
        "apply", "-auto-approve", "-var-file=environments/dev.tfvars", "-var=image_tag=v2", "-var=migrate_image_tag=v2"
    )
    deployed.client("ecs").describe_services(cluster="stand-in-dev", services=["stand-in-dev-api"])
    deployed.deploy("status").expect(0, "serving      v1", "the Terraform state says v2")
    rolled_out = []
    create = ecs.update_service
    ecs.gateway.answers["UpdateService"] = lambda payload: (rolled_out.append(payload), create(payload))[1]
    deployed.up("v3").expect(0)
    tags = [ecs.tags[payload["taskDefinition"]] for payload in rolled_out]
    assert tags == ["v1", "v3"]
    assert ecs.serving() == "v3"


def test_the_service_disappears(deployed: LocalProject, gateway: Gateway, ecs: ScriptedEcs) -> None:
    ecs.outcomes["v2"] = "nowhere"
    looks = iter(range(100))

    def describe(payload: dict[str, Any]) -> dict[str, Any]:
        gone = bool(gateway.called("UpdateService")) and next(looks) > 1
        return {"services": [], "failures": []} if gone else ecs.describe_services(payload)

    gateway.answers["DescribeServices"] = describe
    deployed.up("v2").expect(52, "The service does not exist")
