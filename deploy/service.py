"""Reads the ECS service: deployments, task counts, events, and the image tag of a task definition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import Client, error_code


@dataclass(frozen=True)
class Deployment:
    id: str
    status: str
    task_definition: str
    rollout_state: str
    reason: str
    desired: int
    running: int
    pending: int
    failed: int


@dataclass(frozen=True)
class Event:
    id: str
    at: datetime
    message: str


@dataclass(frozen=True)
class Service:
    name: str
    desired: int
    running: int
    pending: int
    deployments: list[Deployment]
    events: list[Event]

    @property
    def primary(self) -> Deployment | None:
        return next((known for known in self.deployments if known.status == "PRIMARY"), None)

    def by_id(self, deployment_id: str) -> Deployment | None:
        return next((known for known in self.deployments if known.id == deployment_id), None)

    @property
    def completed(self) -> Deployment | None:
        """The deployment that serves: the primary one after its completion, the one that it replaces before."""
        done = [known for known in self.deployments if known.rollout_state == "COMPLETED"]
        return next((known for known in done if known.status == "PRIMARY"), done[0] if done else None)


def describe(ecs: Client, cluster: str, name: str | None) -> Service | None:
    """The service, or None when it does not exist."""
    if name is None:
        return None
    try:
        answer = ecs.describe_services(cluster=cluster, services=[name])
    except ClientError as error:
        if error_code(error) == "ClusterNotFoundException":
            return None
        raise
    found = [known for known in answer["services"] if known.get("status") == "ACTIVE"]
    return _service(found[0]) if found else None


def image_tag(ecs: Client, task_definition: str, container: str) -> str | None:
    """The tag of the container's image in this revision, which may be INACTIVE."""
    definition = ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    for known in definition["containerDefinitions"]:
        if known["name"] == container:
            name = str(known["image"]).rpartition("/")[2].partition("@")[0]
            return name.partition(":")[2] or None
    return None


def _service(data: dict[str, Any]) -> Service:
    return Service(
        name=data["serviceName"],
        desired=data.get("desiredCount", 0),
        running=data.get("runningCount", 0),
        pending=data.get("pendingCount", 0),
        deployments=[_deployment(each) for each in data.get("deployments", [])],
        events=[Event(each["id"], each["createdAt"], each["message"]) for each in data.get("events", [])],
    )


def _deployment(data: dict[str, Any]) -> Deployment:
    return Deployment(
        id=data["id"],
        status=data.get("status", ""),
        task_definition=data.get("taskDefinition", ""),
        rollout_state=data.get("rolloutState", ""),
        reason=data.get("rolloutStateReason", ""),
        desired=data.get("desiredCount", 0),
        running=data.get("runningCount", 0),
        pending=data.get("pendingCount", 0),
        failed=data.get("failedTasks", 0),
    )
