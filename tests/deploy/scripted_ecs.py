"""An ECS with failures that no emulator has: refused tasks, tasks that die before they log, replaced roll-outs.

moto keeps the task definitions. The test scripts the services and tasks; each describe call moves them one step on.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.deploy.gateway import FaultError, Gateway

ACCOUNT = "000000000000"
ARN = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
BREAKER = "ECS deployment circuit breaker: tasks failed to start."
ANSWERED = {
    "RegisterTaskDefinition": "register_task_definition",
    "CreateService": "create_service",
    "UpdateService": "update_service",
    "DescribeServices": "describe_services",
    "RunTask": "run_task",
    "StopTask": "stop_task",
    "ListTasks": "list_tasks",
    "DescribeTasks": "describe_tasks",
}
DONE: dict[str, Any] = {"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited", "exitCode": 0}


class ScriptedEcs:
    """`outcomes` maps an image tag to its roll-out's method. `task` lists a one-off task's state at each describe."""

    def __init__(self, gateway: Gateway):
        self.gateway = gateway
        self.tags: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._seen: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Removes the service, the task and the script, and takes over every action again."""
        self.outcomes: dict[str, str] = {}
        self.task: list[dict[str, Any]] = [DONE]
        self.stopped_tasks: list[dict[str, Any]] = []
        self.deployments: list[dict[str, Any]] = []
        self._looks = 0
        self.gateway.calls.clear()
        self.gateway.raw.clear()
        self.gateway.behind = 0.0
        self.gateway.answers = {action: getattr(self, method) for action, method in ANSWERED.items()}

    def register_task_definition(self, payload: dict[str, Any]) -> dict[str, Any]:
        answer = self.gateway.ask("RegisterTaskDefinition", payload)
        definition = answer["taskDefinition"]
        self.tags[definition["taskDefinitionArn"]] = definition["containerDefinitions"][0]["image"].rpartition(":")[2]
        return answer

    def create_service(self, payload: dict[str, Any]) -> dict[str, Any]:
        return self._roll_out(payload["taskDefinition"])

    def update_service(self, payload: dict[str, Any]) -> dict[str, Any]:
        if not self.deployments:
            raise FaultError("ServiceNotFoundException", "Service not found.")
        return self._roll_out(payload.get("taskDefinition") or self.deployments[0]["taskDefinition"])

    def describe_services(self, payload: dict[str, Any]) -> dict[str, Any]:
        if not self.deployments:
            return {"services": [], "failures": []}
        self._advance()
        return {"services": [self._service()], "failures": []}

    def run_task(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._looks = 0
        return {"tasks": [self._task({"lastStatus": "PROVISIONING"})], "failures": []}

    def stop_task(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.task = [
            {"lastStatus": "STOPPING"},
            {"lastStatus": "STOPPED", "stopCode": "UserInitiated", "exitCode": 143},
        ]
        self._looks = 0
        return {"task": self._task(self.task[0])}

    def list_tasks(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"taskArns": [task["taskArn"] for task in self.stopped_tasks]}

    def describe_tasks(self, payload: dict[str, Any]) -> dict[str, Any]:
        known = [task for task in self.stopped_tasks if task["taskArn"] in payload["tasks"]]
        if known:
            return {"tasks": known, "failures": []}
        state = self.task[min(self._looks, len(self.task) - 1)]
        self._looks += 1
        return {"tasks": [self._task(state)], "failures": []}

    def serving(self) -> str:
        """The tag of the completed primary deployment."""
        primary = self.deployments[0]
        assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "COMPLETED")
        return self.tags[primary["taskDefinition"]]

    def _roll_out(self, revision: str) -> dict[str, Any]:
        for known in self.deployments:
            known["status"] = "ACTIVE"
        self.deployments.insert(0, self._deployment(revision))
        return {"service": self._service()}

    def _deployment(self, revision: str) -> dict[str, Any]:
        return {
            "id": f"ecs-svc/{next(self._numbers)}",
            "status": "PRIMARY",
            "taskDefinition": revision,
            "desiredCount": 1,
            "runningCount": 0,
            "pendingCount": 1,
            "failedTasks": 0,
            "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "ECS deployment in progress.",
        }

    def _advance(self) -> None:
        """Moves the primary deployment one step on."""
        primary = self.deployments[0]
        outcome = self.outcomes.get(self.tags[primary["taskDefinition"]], "well")
        if primary["id"] not in self._seen:
            self._seen.add(primary["id"])
        elif primary["rolloutState"] == "IN_PROGRESS":
            getattr(self, f"_go_{outcome}")(primary)

    def _go_well(self, primary: dict[str, Any]) -> None:
        primary.update(rolloutState="COMPLETED", runningCount=1, pendingCount=0)
        self.deployments = [primary]

    def _go_nowhere(self, primary: dict[str, Any]) -> None:
        """Its tasks do not start and do not fail."""

    def _go_wrong(self, primary: dict[str, Any]) -> None:
        """The circuit breaker fails it and makes the last completed deployment the primary one again."""
        self._fail(primary)
        self._bring_back()

    def _go_unseen(self, primary: dict[str, Any]) -> None:
        """As `_go_wrong`, but ECS no longer lists the failed deployment."""
        self._fail(primary)
        self._bring_back()
        self.deployments = [known for known in self.deployments if known is not primary]

    def _go_replaced(self, primary: dict[str, Any]) -> None:
        """Somebody else updates the service during the roll-out."""
        revision = next(iter(self.tags))
        primary["status"] = "ACTIVE"
        self.deployments.insert(0, {**self._deployment(revision), "rolloutState": "COMPLETED"})

    def _fail(self, primary: dict[str, Any]) -> None:
        primary.update(rolloutState="FAILED", rolloutStateReason=BREAKER, failedTasks=3, pendingCount=0)
        crashed = self._task(
            {"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited", "exitCode": 1},
            taskArn=f"{ARN}:task/stand-in-dev/crashed",
            startedBy=primary["id"],
            taskDefinitionArn=primary["taskDefinition"],
            stoppedReason="Essential container in task exited",
            container="api",
        )
        self.stopped_tasks.append(crashed)

    def _bring_back(self) -> None:
        completed = [known for known in self.deployments if known["rolloutState"] == "COMPLETED"]
        if completed:
            self.deployments[0]["status"] = "ACTIVE"
            self.deployments.remove(completed[0])
            self.deployments.insert(0, completed[0])
            completed[0].update(status="PRIMARY", rolloutStateReason="ECS deployment circuit breaker: rolling back.")

    def _service(self) -> dict[str, Any]:
        return {
            "serviceName": "api",
            "status": "ACTIVE",
            "desiredCount": 1,
            "runningCount": 1,
            "pendingCount": 0,
            "deployments": self.deployments,
            "events": [{"id": "1", "createdAt": time.time(), "message": "(service api) has started 1 tasks."}],
        }

    def _task(self, state: dict[str, Any], *, container: str = "migrate", **more: Any) -> dict[str, Any]:
        shown = {name: state[name] for name in ("exitCode", "reason") if name in state}
        kept = {name: state[name] for name in ("lastStatus", "stopCode", "stoppedReason") if name in state}
        return {
            "taskArn": f"{ARN}:task/stand-in-dev/one-off",
            "containers": [{"name": container, **shown}],
            **kept,
            **more,
        }
