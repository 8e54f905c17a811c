"""The open connections, grouped by what they wait for, and the limits on what they hold."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from typing import Any

from itemsvc.core.capacity import load
from itemsvc.server.connection import Connection
from itemsvc.server.request_handling import RequestHandlingWorker

# Bytes of requests and responses that are kept for slow clients. Above it, the oldest connections are closed.
HELD_BYTES = 64 * 1024 * 1024


class ConnectionGroupsWorker(RequestHandlingWorker):
    """Knows for each open connection what it waits for, until when, and how many bytes are kept for it."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Each maps a connection to the end of its time, in monotonic seconds, the earliest first.
        self.idle: dict[Connection, float] = {}
        self.receiving: dict[Connection, float] = {}
        self.sending: dict[Connection, float] = {}
        self.lingering: dict[Connection, float] = {}
        self.held = 0

    def wait(self, connection: Connection, group: dict[Connection, float] | None, seconds: float = 0) -> None:
        """Moves the connection to this group; None while its request is queued or served."""
        if connection.group is not None:
            connection.group.pop(connection, None)
        connection.group = group
        if group is not None:
            group[connection] = time.monotonic() + seconds

    def listen(
        self, connection: Connection, callback: Callable[[Connection], None] | None, write: bool = False
    ) -> None:
        """Sets what the poller calls when the connection can be read, or written; None for nothing."""
        if callback == connection.callback:
            return
        events = selectors.EVENT_WRITE if write else selectors.EVENT_READ
        if callback is None:
            self.poller.unregister(connection)
        elif connection.callback is None:
            self.poller.register(connection, events, callback)
        else:
            self.poller.modify(connection, events, callback)
        connection.callback = callback

    def hold(self, connection: Connection, size: int) -> None:
        """Counts ``size`` bytes for the connection; closes the oldest connections above HELD_BYTES."""
        self.held += size - connection.held
        connection.held = size
        while self.held > HELD_BYTES and (group := max(self.receiving, self.sending, key=len)):
            self.evict(next(iter(group)))

    def make_room(self) -> None:
        """Closes the connection that has waited longest in the largest group."""
        if group := max(self.idle, self.receiving, self.sending, self.lingering, key=len):
            self.evict(next(iter(group)))

    def evict(self, connection: Connection) -> None:
        """Closes a connection because all connections together need too much."""
        load.evicted += 1
        self.drop(connection)

    def drop(self, connection: Connection) -> None:
        """Closes the connection at once, if it is open."""
        if connection.closed:
            return
        self.wait(connection, None)
        try:
            self.listen(connection, None)
        finally:
            self.held -= connection.held
            self.nr_conns -= 1
            connection.sock.close()
