"""The numbers of every worker process, in files of a directory in memory that the processes share."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from itemsvc.core.env import InvalidConfiguration
from itemsvc.observability.metrics import Distribution, Operation, Operations, Overload

#: The file with the sums of all processes that have ended.
ENDED = "ended"


class Endpoint:
    """The port and the directory that the arbiter shares with its workers."""

    def __init__(self, address: str, port: int, parent: str | None):
        try:
            self.socket = socket.create_server((address, port), family=_family(address))
        except OSError as exc:
            raise InvalidConfiguration("METRICS_PORT", f"is {port}, but nothing can listen on it: {exc}.") from None
        # Each connection wakes several processes. Those that come too late must not wait for the next one.
        self.socket.setblocking(False)
        self.directory = Path(tempfile.mkdtemp(prefix="itemsvc-metrics-", dir=parent))

    def close(self) -> None:
        """Called by the arbiter when it ends."""
        self.socket.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the files against the other processes."""
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def bury(self, pid: int) -> None:
        """Adds the numbers of an ended worker to the sums of ended ones, because a counter must not fall."""
        with self.locked():
            ended = self._read(ENDED)
            ended.add(self._read(str(pid)))
            self.write(ENDED, ended)
            (self.directory / str(pid)).unlink(missing_ok=True)

    def snapshots(self) -> list[tuple[str, Snapshot]]:
        """The numbers of each process, by its pid, and of the ended ones."""
        with self.locked():
            return [(path.name, self._read(path.name)) for path in self.directory.iterdir() if "." not in path.name]

    def write(self, name: str, snapshot: Snapshot) -> None:
        """Replaces the numbers of a process in one step."""
        draft = self.directory / f"{name}.new"
        draft.write_text(snapshot.dump())
        draft.replace(self.directory / name)

    def _read(self, name: str) -> Snapshot:
        try:
            return Snapshot.load((self.directory / name).read_text())
        except FileNotFoundError:
            return Snapshot()


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Snapshot:
    """The numbers of one or more processes since they started."""

    def __init__(self) -> None:
        self.operations: Operations = {}
        self.overload = Overload()
        self.queue_depth = self.connections = 0

    def add_operations(self, others: Operations) -> None:
        """Adds the counts of these operations."""
        for key, other in others.items():
            operation = self.operations.setdefault(key, Operation())
            for status, count in other.statuses.items():
                operation.statuses[status] = operation.statuses.get(status, 0) + count
            _add(operation.latency, other.latency)
            _add(operation.database, other.database)
            operation.queries += other.queries
            operation.slow += other.slow

    def add(self, other: Snapshot) -> None:
        """Adds the counters of another snapshot, but not its gauges, which describe a living process."""
        self.add_operations(other.operations)
        self.overload = self.overload.plus(other.overload)

    def dump(self) -> str:
        """The text for ``load``."""
        rows = [
            [*key, list(o.statuses.items()), o.latency.counts, o.latency.total, o.database.counts, o.database.total,
             o.queries, o.slow]
            for key, o in self.operations.items()
        ]  # fmt: skip
        return json.dumps([rows, self.overload, self.queue_depth, self.connections])

    @classmethod
    def load(cls, text: str) -> Snapshot:
        """Reads the text of ``dump``."""
        snapshot = cls()
        rows, overload, snapshot.queue_depth, snapshot.connections = json.loads(text)
        snapshot.overload = Overload(*overload)
        for method, route, statuses, counts, total, database_counts, database_total, queries, slow in rows:
            snapshot.operations[method, route] = Operation(
                dict(statuses),
                Distribution(counts, total),
                Distribution(database_counts, database_total),
                queries,
                slow,
            )
        return snapshot


def _add(distribution: Distribution, other: Distribution) -> None:
    distribution.counts = [one + another for one, another in zip(distribution.counts, other.counts, strict=True)]
    distribution.total += other.total
