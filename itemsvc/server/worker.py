"""The gunicorn worker: runs the event loop, and looks four times a second at what takes too long."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from itemsvc.core import gunicorn_settings
from itemsvc.core.capacity import load
from itemsvc.core.logs import lines
from itemsvc.server import request_deadline
from itemsvc.server.connection import Connection
from itemsvc.server.event_loop import STOP_SECONDS, EventLoop
from itemsvc.server.request_buffer import FIELD_BYTES
from itemsvc.server.request_queue import RequestQueue

QUEUE_TIMEOUT, REQUEST_TIMEOUT = settings.QUEUE_TIMEOUT_SECONDS, settings.REQUEST_TIMEOUT_SECONDS
# Seconds after which a thread counts as stuck. A request may wait for a new database connection before and after its
# budget, because nothing can cut that wait short.
STUCK_SECONDS = REQUEST_TIMEOUT + 2 * settings.DB_CONNECT_TIMEOUT_SECONDS + QUEUE_TIMEOUT
# gunicorn's settings that only its own worker honours.
REFUSED = (
    "ca_certs", "cert_reqs", "certfile", "ciphers", "keyfile", "http2_cleartext", "http_protocols",
    "permit_obsolete_folding", "protocol", "proxy_protocol", "strip_header_spaces",
)  # fmt: skip
# Seconds between two ticks.
TICK = 0.25


class EventLoopWorker(EventLoop):
    """gunicorn's threaded worker with an event loop in place of its own.

    The loop reads each request and gives it to a thread when it has arrived. The loop also sends what the client does
    not take at once. So a slow client costs some memory and a file descriptor, both bounded, and no thread.
    """

    refused = 0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Called by gunicorn at its start; raises InvalidConfiguration for a setting that is not honoured."""
        names = REFUSED if cfg.limit_request_field_size <= FIELD_BYTES else (*REFUSED, "limit_request_field_size")
        gunicorn_settings.refuse(cfg, names, "needs gunicorn's own worker: GUNICORN_WORKER=gthread.")

    def get_thread_pool(self) -> RequestQueue:
        """Called by gunicorn in the worker's process."""
        return RequestQueue(self.cfg.threads, self.serve)

    def run(self) -> None:
        """Serves until it is told to stop, then finishes open requests within the graceful timeout."""
        self.tpool.start()
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self._turn_while(lambda: self.alive)
        self.set_accept_enabled(False)
        end = time.monotonic() + self.cfg.graceful_timeout
        soon = time.monotonic() + STOP_SECONDS
        self.idle.update({connection: min(soon, deadline) for connection, deadline in self.idle.items()})
        self._turn_while(lambda: self.nr_conns > 0 and time.monotonic() < end)
        for listener in self.sockets:
            listener.close()

    def _turn_while(self, condition: Callable[[], bool]) -> None:
        next_tick = 0.0
        while condition() and not self.quitting:
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + TICK
                self.tick(time.monotonic())
            self.attempt(self.wait_for_and_dispatch_events, TICK)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Waits for events, at most ``timeout`` seconds, and handles them."""
        for key, _ in self.poller.select(timeout):
            # An earlier event may have closed the connection or changed its callback.
            if getattr(key.fileobj, "callback", key.data) == key.data:
                self.attempt(key.data, key.fileobj)

    def tick(self, now: float) -> None:
        """Sends the heartbeat and ends whatever takes too long; ``now`` is in monotonic seconds."""
        self.attempt(self.notify)
        self.finish_all()
        self.attempt(self._accept_or_not)
        self.attempt(self._replace_lost_threads)
        self._expire(self.idle, now, self.drop)
        self._expire(self.lingering, now, self.drop)
        self._expire(self.receiving, now, self.time_out)
        self._expire(self.sending, now, self.time_out)
        while connection := self.tpool.take_before(now - QUEUE_TIMEOUT):
            self.attempt(self.refuse, connection)
        self.attempt(self._cut_overdue, now - REQUEST_TIMEOUT)
        self.attempt(lines.flush)
        self.attempt(self._report_refusals)
        self.attempt(self._judge_health, now)

    def _expire(self, group: dict[Connection, float], now: float, give_up: Callable[[Connection], None]) -> None:
        while group and next(iter(group.values())) <= now:
            self.attempt(give_up, next(iter(group)))

    def _accept_or_not(self) -> None:
        if not self.is_parent_alive():
            self.alive = False
        self.set_accept_enabled(self.alive)

    def _replace_lost_threads(self) -> None:
        for connection in self.tpool.remove_lost():
            self.log.critical("A request thread was lost; another one takes its place.")
            if connection:
                self.attempt(self.drop, connection)
        self.tpool.start()

    def _cut_overdue(self, before: float) -> None:
        for thread, connection in list(self.tpool.serving.items()):
            if connection.sock.active < before and request_deadline.cut(thread):
                load.overdue += 1
                self.log.error("A request outlasted %s s; its database connection is closed.", REQUEST_TIMEOUT)

    def _report_refusals(self) -> None:
        if load.refused > self.refused:
            new, self.refused = load.refused - self.refused, load.refused
            self.log.warning("Overloaded: %s requests refused, %s are waiting.", new, len(self.tpool.waiting))

    def _judge_health(self, now: float) -> None:
        """Sets the problem that `/health` reports. Busy threads and a full queue are no problem: both move."""
        problem = ""
        active = [each.sock.active for each in list(self.tpool.serving.values())]
        stuck = sum(since < now - STUCK_SECONDS for since in active)
        # A thread with an export waits for its client, so it cannot serve anybody else.
        exporting = active.count(float("inf"))
        if not self.tpool.is_complete():
            problem = "A request thread has ended and was not replaced."
        elif stuck and stuck + exporting >= self.cfg.threads:
            problem = f"Every request thread has been at the same request for more than {STUCK_SECONDS} s."
        if problem != load.problem:
            self.log.critical(problem or "The request threads go on.")
        load.problem = problem
