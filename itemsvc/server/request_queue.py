"""Threads with a queue of connections whose request has arrived."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from itemsvc.server import request_deadline
from itemsvc.server.connection import Connection


class Lane:
    """Serves the connections that are put into it, the oldest first, as many at a time as it has threads.

    The threads are daemons: one that hangs does not keep a process from ending. ``serve`` raises nothing; a thread that
    ends nevertheless is found by ``bury`` and replaced by ``start``.
    """

    def __init__(self, name: str, threads: int, serve: Callable[[Connection], None]):
        self.name, self.threads = name, threads
        self.waiting: deque[Connection] = deque()
        #: What each thread serves, by its identifier.
        self.serving: dict[int, Connection] = {}
        self._serve = serve
        self._running: list[threading.Thread] = []
        self._turns: SimpleQueue[bool] = SimpleQueue()

    def start(self) -> None:
        """Starts the threads that there should be and are not; called after the fork."""
        while len(self._running) < self.threads:
            thread = threading.Thread(target=self._run, name=f"{self.name}-{len(self._running)}", daemon=True)
            thread.start()
            self._running.append(thread)

    def bury(self) -> Iterator[Connection | None]:
        """What each thread was serving that has ended since the last call."""
        for thread in [thread for thread in self._running if not thread.is_alive()]:
            self._running.remove(thread)
            yield self.serving.pop(thread.ident or 0, None)

    def is_complete(self) -> bool:
        """Whether all of its threads live."""
        return sum(thread.is_alive() for thread in self._running) == self.threads

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
        thread = threading.get_ident()
        request_deadline.enter()
        try:
            while self._turns.get():
                try:
                    connection = self.waiting.popleft()
                except IndexError:
                    continue  # Refused meanwhile.
                self.serving[thread] = connection
                self._serve(connection)
                del self.serving[thread]
        finally:
            request_deadline.leave()
