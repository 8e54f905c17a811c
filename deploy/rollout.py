"""Follows one deployment of the ECS service, by its id, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy import logs, service
from deploy.aws import Client
from deploy.errors import (
    DeployError,
    InterruptedDeployError,
    RolloutFailedError,
    RolloutSupersededError,
    RolloutTimeoutError,
)
from deploy.service import Deployment, Service
from deploy.stack import Stack

APPEAR_SECONDS = 60  # describe-services is eventually consistent
SHOWN_TASKS = 3
SHOWN_LINES = 15


@dataclass
class Rollout:
    """One deployment of the service to `task_definition`.

    `follow` returns when this deployment is the primary one and is completed. It raises RolloutFailedError when the
    circuit breaker stopped it, RolloutSupersededError when another deployment replaced it, and RolloutTimeoutError
    after `timeout` seconds. A failed or late roll-out names the stopped tasks' reasons and last log lines.
    """

    ecs: Client
    logs: Client
    stack: Stack
    task_definition: str
    timeout: float
    poll: float
    show: Callable[[str], None]
    note: Callable[[str], None]
    _seen_events: set[str] = field(default_factory=set)
    _stopped: dict[str, dict[str, Any]] = field(default_factory=dict)

    def follow(self) -> None:
        try:
            self._follow()
        except KeyboardInterrupt:
            raise self._interrupted() from None

    def _follow(self) -> None:
        deployment_id = self._identify()
        deadline = time.monotonic() + self.timeout
        while True:
            current = self._describe()
            self._show_events(current)
            self._collect_stopped(deployment_id)
            self._note(current.by_id(deployment_id))
            if self._finished(current, deployment_id):
                return
            if time.monotonic() >= deadline:
                raise self._failure(RolloutTimeoutError, f"The roll-out was not done after {self.timeout:.0f} s.")
            time.sleep(self.poll)

    def _identify(self) -> str:
        """The id of the primary deployment of our task definition. Starts a new one when an earlier try failed."""
        deadline = time.monotonic() + min(APPEAR_SECONDS, self.timeout)
        while True:
            current = self._describe()
            self._seen_events |= {event.id for event in current.events}
            primary = current.primary
            if primary and primary.task_definition == self.task_definition:
                return self._restart() if primary.rollout_state == "FAILED" else primary.id
            ours = next((known for known in current.deployments if known.task_definition == self.task_definition), None)
            if ours or time.monotonic() >= deadline:
                raise self._lost(current, ours)
            time.sleep(self.poll)

    def _lost(self, current: Service, ours: Deployment | None) -> DeployError:
        """The error for a deployment that is not the primary one."""
        primary = current.primary
        reasons = [known.reason for known in (ours, primary) if known]
        breaker = [reason for reason in reasons if "circuit breaker" in reason]
        if breaker or (ours and ours.rollout_state == "FAILED"):
            self._collect_stopped(ours.id if ours else None)
            return self._failure(RolloutFailedError, f"The roll-out failed: {(breaker or reasons)[0]}")
        return RolloutSupersededError(
            "Another deployment of the service replaced this one before it completed.",
            details=[
                f"ours    {ours.id if ours else 'not listed'} ({self.task_definition})",
                f"primary {primary.id} ({primary.task_definition})" if primary else "primary none",
            ],
            hint="Something other than deploy changed the service. `python -m deploy status` shows what serves.",
        )

    def _restart(self) -> str:
        self.show("the last deployment of this revision failed: starting a new one")
        answer = self.ecs.update_service(
            cluster=self.stack.cluster_name, service=self.stack.service_name, forceNewDeployment=True
        )
        return next(str(known["id"]) for known in answer["service"]["deployments"] if known["status"] == "PRIMARY")

    def _finished(self, current: Service, deployment_id: str) -> bool:
        ours = current.by_id(deployment_id)
        if ours is None or ours.status != "PRIMARY" or ours.rollout_state == "FAILED":
            raise self._lost(current, ours)
        return ours.rollout_state == "COMPLETED"

    def _describe(self) -> Service:
        found = service.describe(self.ecs, self.stack.cluster_name, self.stack.service_name)
        if found is None:
            raise RolloutSupersededError("The service does not exist: somebody deleted it during the roll-out.")
        return found

    def _show_events(self, current: Service) -> None:
        for event in reversed(current.events):
            if event.id not in self._seen_events:
                self._seen_events.add(event.id)
                self.show(event.message)

    def _note(self, ours: Deployment | None) -> None:
        if ours is not None:
            state = ours.rollout_state.lower().replace("_", " ")
            failed = f", {ours.failed} failed" if ours.failed else ""
            self.note(f"{state}: {ours.running} running, {ours.pending} pending, {ours.desired} desired{failed}")

    def _collect_stopped(self, deployment_id: str | None) -> None:
        arns = self.ecs.list_tasks(
            cluster=self.stack.cluster_name, serviceName=self.stack.service_name, desiredStatus="STOPPED"
        )["taskArns"]
        unknown = [arn for arn in arns if arn not in self._stopped][:100]
        if not unknown:
            return
        for task in self.ecs.describe_tasks(cluster=self.stack.cluster_name, tasks=unknown)["tasks"]:
            if self._is_ours(task, deployment_id):
                self._stopped[task["taskArn"]] = task

    def _is_ours(self, task: dict[str, Any], deployment_id: str | None) -> bool:
        starter = task.get("startedBy", "")
        another = deployment_id and starter.startswith("ecs-svc/") and starter != deployment_id
        return task["taskDefinitionArn"] == self.task_definition and not another and task["lastStatus"] == "STOPPED"

    def _failure(self, kind: type[DeployError], message: str) -> DeployError:
        newest = sorted(self._stopped.values(), key=lambda task: str(task.get("stoppedAt")), reverse=True)
        details = [line for task in newest[:SHOWN_TASKS] for line in self._evidence(task)]
        if not details:
            current = self._describe()
            details = ["no task stopped; the service's last events:"]
            details += [f"  {event.message}" for event in current.events[:5]]
        return kind(message, details=details)

    def _evidence(self, task: dict[str, Any]) -> list[str]:
        task_id = task["taskArn"].rpartition("/")[2]
        lines = [f"task {task_id}: {task.get('stoppedReason') or 'no reason given'}"]
        for container in task.get("containers", []):
            said = [f"exit code {container['exitCode']}"] if container.get("exitCode") is not None else []
            said += [container["reason"]] if container.get("reason") else []
            lines += [f"  container {container['name']}: {', '.join(said)}"] if said else []
        stream = logs.stream_name(self.stack.service_log_prefix, self.stack.container_name, task["taskArn"])
        shown = logs.last_lines(self.logs, self.stack.log_group_name, stream, SHOWN_LINES)
        return lines + [f"  | {line}" for line in shown or ["(it logged nothing)"]]

    def _interrupted(self) -> InterruptedDeployError:
        return InterruptedDeployError(
            "Interrupted. The roll-out goes on at ECS, under its circuit breaker.",
            details=["watch: python -m deploy status", "undo:  python -m deploy rollback"],
            hint="Run the same command again to follow this roll-out to its end.",
        )
