"""The request queue, and the threads that serve the requests in it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from itemsvc.server import request_deadline
from itemsvc.server.connection import Connection


class RequestQueue:
    """Connections whose request has arrived. The threads serve the oldest first.

    The threads are daemons, so one that hangs does not keep the process from ending. ``serve`` must not raise. A thread
    that ends nevertheless is found by ``remove_lost`` and replaced by ``start``.
    """

    def __init__(self, threads: int, serve: Callable[[Connection], None]):
        self.threads = threads
        self.waiting: deque[Connection] = deque()
        #: The connection that each thread serves, by the thread's identifier.
        self.serving: dict[int, Connection] = {}
        self._serve = serve
        self._running: list[threading.Thread] = []
        self._turns: SimpleQueue[bool] = SimpleQueue()

    def start(self) -> None:
        """Starts the threads that are missing; called after the fork."""
        while len(self._running) < self.threads:
            thread = threading.Thread(target=self._run, name=f"request-{len(self._running)}", daemon=True)
            thread.start()
            self._running.append(thread)

    def remove_lost(self) -> Iterator[Connection | None]:
        """Removes the threads that have ended; yields the connection that each one served, or None."""
        for thread in [thread for thread in self._running if not thread.is_alive()]:
            self._running.remove(thread)
            yield self.serving.pop(thread.ident or 0, None)

    def is_complete(self) -> bool:
        """Whether all threads are alive."""
        return sum(thread.is_alive() for thread in self._running) == self.threads

    def put(self, connection: Connection) -> None:
        """Adds a connection to the queue."""
        self.waiting.append(connection)
        self._turns.put(True)

    def take_before(self, queued: float) -> Connection | None:
        """Takes the oldest connection out if it was queued before this time, in monotonic seconds."""
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
        """Ends the threads once the queue is empty; gunicorn passes ``wait``, always false."""
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
                    continue  # The loop has refused it meanwhile.
                self.serving[thread] = connection
                self._serve(connection)
                del self.serving[thread]
        finally:
            request_deadline.leave()
