"""Allows one deploy at a time per environment, by a lease in an SSM parameter.

Terraform's state lock covers one apply, but a deploy runs several applies and a migration. `put_parameter` without
overwrite is atomic, so it creates the lock. A thread renews the lease. When nobody has renewed it for five minutes,
its deploy is dead and another deploy may take the lock over.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import secrets
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy.aws import Client, delete_parameter, error_code, find_parameter
from deploy.errors import LockedError

LEASE_SECONDS = 300
RENEW_SECONDS = 60


@dataclass(frozen=True)
class Lease:
    """The holder of the lock. `age` is the number of seconds since the last renewal, by AWS's clock."""

    nonce: str
    holder: str
    command: str
    since: str
    age: float

    @property
    def expired(self) -> bool:
        return self.age > LEASE_SECONDS

    def __str__(self) -> str:
        return f"{self.holder} runs `{self.command}` since {self.since}"


def parameter_prefix(name: str, environment: str) -> str:
    """The SSM path of deploy's own data about one environment."""
    return f"/{name}/{environment}/deploy"


class DeployLock:
    """A context manager that holds the lock. Raises LockedError when another deploy holds it."""

    def __init__(self, ssm: Client, prefix: str, command: str, *, break_lock: bool = False):
        self._ssm = ssm
        self._name = f"{prefix}/lock"
        self._marker = f"{prefix}/lock-takeover"
        self._command = command
        self._break = break_lock
        self._nonce = secrets.token_hex(8)
        self._since = _now().isoformat(timespec="seconds")
        self._stop = threading.Event()
        self._lost = False
        self._thread = threading.Thread(target=self._renew_until_stopped, name="deploy-lock", daemon=True)

    def __enter__(self) -> DeployLock:
        if self._break:
            delete_parameter(self._ssm, self._name)
            delete_parameter(self._ssm, self._marker)
        if not self._create(self._name):
            self._take_over()
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        # An error here would hide how the deploy ended. A lock that stays expires by itself.
        with contextlib.suppress(ClientError, BotoCoreError):
            lease = read_lease(self._ssm, self._name)
            if lease and lease.nonce == self._nonce:
                delete_parameter(self._ssm, self._name)

    def check(self) -> None:
        """Raises LockedError when somebody broke the lock. Every step that changes something calls this first."""
        if self._lost:
            raise LockedError("Another deploy broke this deploy's lock. This one stopped before its next step.")

    def _take_over(self) -> None:
        lease = read_lease(self._ssm, self._name)
        if lease is None:
            raise LockedError("Another deploy has just finished.", hint="Run the command again.")
        if not lease.expired:
            raise LockedError(
                f"Another deploy holds this environment: {lease}.",
                details=[f"it renewed its lock {lease.age:.0f} s ago; the lock expires after {LEASE_SECONDS} s"],
                hint="Wait for it. If you know that it is dead, run the same command with --break-lock.",
            )
        # Two deploys may see the same expired lease. The one that creates the marker first may take the lock over,
        # if the lease has not changed since.
        if not self._create(self._marker):
            raise LockedError(
                "Another deploy is taking over the lock of a dead deploy.",
                hint="Wait for it. If you know that it died too, run the same command with --break-lock.",
            )
        try:
            current = read_lease(self._ssm, self._name)
            if current is None or current.nonce != lease.nonce:
                raise LockedError("Another deploy took over first.", hint="Wait for it, then run the command again.")
            self._write(self._name, overwrite=True)
        finally:
            delete_parameter(self._ssm, self._marker)

    def _create(self, name: str) -> bool:
        try:
            self._write(name, overwrite=False)
        except ClientError as error:
            if error_code(error) == "ParameterAlreadyExists":
                return False
            raise
        return True

    def _write(self, name: str, *, overwrite: bool) -> None:
        value = {"nonce": self._nonce, "holder": holder(), "command": self._command, "since": self._since}
        self._ssm.put_parameter(Name=name, Value=json.dumps(value), Type="String", Overwrite=overwrite)

    def _renew_until_stopped(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self._renew()
            except (ClientError, BotoCoreError):
                continue  # four more tries fit into the lease
            if self._lost:
                return

    def _renew(self) -> None:
        lease = read_lease(self._ssm, self._name)
        if lease is None or lease.nonce != self._nonce:
            self._lost = True
            return
        self._write(self._name, overwrite=True)


def holder() -> str:
    """Names this deploy: the CI run's address in GitHub Actions, otherwise user and host."""
    if os.environ.get("GITHUB_RUN_ID"):
        base = f"{os.environ.get('GITHUB_SERVER_URL')}/{os.environ.get('GITHUB_REPOSITORY')}"
        return f"{os.environ.get('GITHUB_ACTOR')} ({base}/actions/runs/{os.environ['GITHUB_RUN_ID']})"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container, the user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (process {os.getpid()})"


def read_lease(ssm: Client, name: str) -> Lease | None:
    """The current holder of the lock, or None."""
    answer = find_parameter(ssm, name)
    if answer is None:
        return None
    value = json.loads(answer["Parameter"]["Value"])
    return Lease(**value, age=_age(answer))


def _age(answer: dict[str, Any]) -> float:
    # Both times come from AWS: with a wrong local clock, a valid lock would look expired.
    header = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    now = parsedate_to_datetime(header) if header else _now()
    modified: datetime = answer["Parameter"]["LastModifiedDate"]
    return max(0.0, (now - modified).total_seconds())


def _now() -> datetime:
    return datetime.now(UTC)
