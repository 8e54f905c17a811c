"""The record of releases, newest last. A release is recorded after its smoke test; `rollback` and `status` read it.

The list of task definition revisions is not enough: it also holds revisions that crashed at start.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from deploy.aws import Client, delete_parameter, read_parameter
from deploy.lock import holder

KEPT = 15  # a standard parameter holds 4 KB; an entry is below 250 bytes


@dataclass(frozen=True)
class Release:
    tag: str
    at: str
    by: str


class Releases:
    def __init__(self, ssm: Client, prefix: str):
        self._ssm = ssm
        self._name = f"{prefix}/releases"

    def read(self) -> list[Release]:
        """The releases, oldest first."""
        return [Release(**entry) for entry in json.loads(read_parameter(self._ssm, self._name) or "[]")]

    def record(self, tag: str) -> None:
        """Adds `tag`, unless it is already the newest entry."""
        releases = self.read()
        if releases and releases[-1].tag == tag:
            return
        at = datetime.now(UTC).isoformat(timespec="seconds")
        kept = [*releases, Release(tag, at, holder()[:150])][-KEPT:]
        value = json.dumps([asdict(release) for release in kept])
        self._ssm.put_parameter(Name=self._name, Value=value, Type="String", Overwrite=True)

    def forget(self) -> None:
        delete_parameter(self._ssm, self._name)
