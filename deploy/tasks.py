"""Starts one-off tasks, follows their logs and judges their results."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy.aws import Client
from deploy.errors import (
    InterruptedDeployError,
    TaskFailedError,
    TaskNotPlacedError,
    TaskNotStartedError,
    TaskTimeoutError,
)
from deploy.logs import Tail, stream_name
from deploy.stack import Stack

STOP_WAIT_SECONDS = 150  # Fargate kills a task at most 120 s after its stop
MIGRATION_LOCK_BUSY = 75


@dataclass(frozen=True)
class TaskSpec:
    """What to run: a task definition, its one container, and what to override in it."""

    purpose: str
    cluster: str
    task_definition: str
    container: str
    subnets: list[str]
    security_groups: list[str]
    log_group: str
    log_prefix: str
    region: str
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskResult:
    """A stopped task. `exit_code` is None when the container never ran."""

    arn: str
    exit_code: int | None
    stop_code: str
    stopped_reason: str
    container_reason: str

    @property
    def reasons(self) -> list[str]:
        return [reason for reason in (self.stopped_reason, self.container_reason) if reason]


def one_off(stack: Stack, purpose: str, command: list[str], environment: dict[str, str]) -> TaskSpec:
    """A run of the stack's migrate task. A non-empty `command` replaces the task's own."""
    return TaskSpec(
        purpose=purpose,
        cluster=stack.cluster_name,
        task_definition=str(stack.migrate_task_definition_arn),
        container=stack.migrate_container_name,
        subnets=stack.migrate_subnet_ids,
        security_groups=stack.migrate_security_group_ids,
        log_group=stack.log_group_name,
        log_prefix=stack.migrate_log_prefix,
        region=stack.region,
        command=command,
        environment=environment,
    )


def start(ecs: Client, spec: TaskSpec) -> str:
    """Returns the ARN of the accepted task. Raises TaskNotPlacedError with ECS's reasons."""
    answer = ecs.run_task(**_request(spec))
    if answer.get("tasks"):
        return str(answer["tasks"][0]["taskArn"])
    failures = [_failure_line(failure) for failure in answer.get("failures", [])]
    raise TaskNotPlacedError(
        f"ECS did not accept the {spec.purpose} task.",
        details=failures or ["run-task returned neither a task nor a failure"],
        hint="When capacity is missing, try again in a minute. When a quota or a subnet is wrong, correct it.",
    )


@dataclass
class Running:
    """A started task. `show` gets its log lines, `note` its state."""

    ecs: Client
    logs: Client
    spec: TaskSpec
    arn: str
    timeout: float
    poll: float
    show: Callable[[str], None]
    note: Callable[[str], None]

    def __post_init__(self) -> None:
        stream = stream_name(self.spec.log_prefix, self.spec.container, self.arn)
        self._tail = Tail(self.logs, self.spec.log_group, stream)

    def follow(self) -> None:
        """Returns when the command has exited with 0.

        Stops the task and raises TaskTimeoutError after `timeout` seconds. Raises InterruptedDeployError at Ctrl-C;
        the task then goes on. Raises TaskNotStartedError and TaskFailedError as `judge` does.
        """
        try:
            stopped = self._wait(self.timeout)
        except KeyboardInterrupt:
            raise _still_running(self.spec, self.arn) from None
        if stopped is None:
            raise self._stop()
        self._drain()
        judge(self.spec, _result(stopped, self.spec.container), logged=self._tail.seen)

    def _wait(self, timeout: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout
        while True:
            task = self._describe()
            for line in self._tail.poll():
                self.show(line)
            if task is not None:
                self.note(f"{task['lastStatus'].lower()} (task {self.arn.rpartition('/')[2]})")
                if task["lastStatus"] == "STOPPED":
                    return task
            if time.monotonic() >= deadline:
                return None
            time.sleep(self.poll)

    def _describe(self) -> dict[str, Any] | None:
        tasks: list[dict[str, Any]] = self.ecs.describe_tasks(cluster=self.spec.cluster, tasks=[self.arn])["tasks"]
        return tasks[0] if tasks else None  # ECS may not list a new task yet

    def _drain(self) -> None:
        for line in self._tail.drain(2.5 * self.poll, self.poll):
            self.show(line)

    def _stop(self) -> TaskTimeoutError:
        reason = f"deploy: not done after {self.timeout:.0f} s"
        self.ecs.stop_task(cluster=self.spec.cluster, task=self.arn, reason=reason)
        stopped = self._wait(STOP_WAIT_SECONDS)
        self._drain()
        end = "it is stopped now" if stopped else "it was asked to stop but still runs"
        return TaskTimeoutError(
            f"The {self.spec.purpose} task was not done after {self.timeout:.0f} s; {end}.",
            details=["its log is above" if self._tail.seen else "(it logged nothing)"],
            hint="A stopped migration rolls back its transaction. --migrate-timeout sets the limit (`run`: --timeout).",
        )


def judge(spec: TaskSpec, result: TaskResult, *, logged: bool) -> None:
    """Raises unless the command exited with 0."""
    if result.exit_code == 0 and result.stop_code != "UserInitiated":
        return
    reasons = [reason for reason in result.reasons if reason != "Essential container exited"]
    evidence = [*reasons, "its log is above" if logged else "(it logged nothing)"]
    if result.stop_code == "UserInitiated":
        raise TaskFailedError(f"Somebody stopped the {spec.purpose} task.", details=evidence)
    if result.exit_code is None:
        raise TaskNotStartedError(
            f"The {spec.purpose} task stopped before its command ran.", details=evidence, hint=_start_hint(result)
        )
    raise TaskFailedError(
        f"The {spec.purpose} task failed with exit code {result.exit_code}.",
        details=evidence,
        hint=_exit_hint(spec, result),
    )


def _request(spec: TaskSpec) -> dict[str, Any]:
    override: dict[str, Any] = {"name": spec.container}
    if spec.command:
        override["command"] = spec.command
    if spec.environment:
        override["environment"] = [{"name": name, "value": value} for name, value in spec.environment.items()]
    return {
        "cluster": spec.cluster,
        "taskDefinition": spec.task_definition,
        "launchType": "FARGATE",
        "count": 1,
        "startedBy": f"deploy-{spec.purpose}"[:36],
        "propagateTags": "TASK_DEFINITION",
        # botocore repeats a call whose response was lost. The token keeps it from starting a second task.
        "clientToken": secrets.token_hex(16),
        "overrides": {"containerOverrides": [override]},
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": spec.subnets,
                "securityGroups": spec.security_groups,
                "assignPublicIp": "DISABLED",
            }
        },
    }


def _failure_line(failure: dict[str, Any]) -> str:
    parts = [str(failure.get(key)) for key in ("reason", "detail", "arn") if failure.get(key)]
    return ": ".join(parts)


def _result(task: dict[str, Any], container: str) -> TaskResult:
    ours: dict[str, Any] = next((known for known in task.get("containers", []) if known["name"] == container), {})
    return TaskResult(
        arn=task["taskArn"],
        exit_code=ours.get("exitCode"),
        stop_code=task.get("stopCode") or "",
        stopped_reason=task.get("stoppedReason") or "",
        container_reason=ours.get("reason") or "",
    )


def _still_running(spec: TaskSpec, arn: str) -> InterruptedDeployError:
    where = f"--region {spec.region} --cluster {spec.cluster}"
    stream = stream_name(spec.log_prefix, spec.container, arn)
    return InterruptedDeployError(
        f"Interrupted. The {spec.purpose} task goes on running at ECS: {arn}",
        details=[
            f"watch: aws logs tail {spec.log_group} --region {spec.region} --log-stream-names {stream} --follow",
            f"state: aws ecs describe-tasks {where} --tasks {arn}",
            f"stop:  aws ecs stop-task {where} --task {arn}",
        ],
    )


def _start_hint(result: TaskResult) -> str:
    text = " ".join(result.reasons)
    if "CannotPull" in text or "pull image" in text:
        return "Is the image in the registry, and does the subnet reach it (NAT or VPC endpoints)?"
    if "ResourceInitializationError" in text:
        return "Can the execution role read the secrets and the log group, and does the subnet reach those APIs?"
    return "The stopped task stays visible in the ECS console for about an hour."


def _exit_hint(spec: TaskSpec, result: TaskResult) -> str | None:
    if "OutOfMemory" in result.container_reason or result.exit_code == 137:
        return "The container was killed, most likely because of its memory use: raise task_memory."
    if spec.purpose == "migrate" and result.exit_code == MIGRATION_LOCK_BUSY:
        return "Another migration is running: wait for its end, then run the command again."
    return None
