"""Threads with a queue of connections whose request has arrived."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from itemsvc import budget
from itemsvc.connections import Connection


class Lane:
    """Serves the connections that are put into it, the oldest first, as many at a time as it has threads.

    The threads are daemons: one that hangs does not keep a process from ending.
    """

    def __init__(self, name: str, threads: int, serve: Callable[[Connection], None]):
        self.name, self.threads = name, threads
        self.waiting: deque[Connection] = deque()
        self._serve = serve
        self._turns: SimpleQueue[bool] = SimpleQueue()

    def start(self) -> None:
        """Starts the threads; called after the fork."""
        for number in range(self.threads):
            threading.Thread(target=self._run, name=f"{self.name}-{number}", daemon=True).start()

    def put(self, connection: Connection) -> None:
        """Queues it."""
        self.waiting.append(connection)
        self._turns.put(True)

    def take_before(self, queued: float) -> Connection | None:
        """The oldest one that was queued before this time and that no thread has taken yet."""
        try:
            if self.waiting[0].queued >= queued:
                return None
            connection = self.waiting.popleft()
        except IndexError:
            return None
        if connection.queued < queued:
            return connection
        self.waiting.appendleft(connection)  # A thread took the older one in between.
        return None

    def shutdown(self, wait: bool = False) -> None:
        """Lets the threads end when they have nothing more to serve; ``wait`` is gunicorn's and always false."""
        for _ in range(self.threads):
            self._turns.put(False)

    def _run(self) -> None:
        budget.enter()
        while self._turns.get():
            try:
                connection = self.waiting.popleft()
            except IndexError:
                continue  # Refused meanwhile.
            self._serve(connection)
