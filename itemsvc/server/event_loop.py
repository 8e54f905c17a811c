"""The steps of the event loop: accept a connection, read a request, queue it, send the rest of its response.

All methods run in the loop, except ``serve``, which a thread calls.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections import deque
from typing import Any

from django.conf import settings

from itemsvc.core.capacity import load
from itemsvc.core.logs import lines
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.server import raw_errors
from itemsvc.server.connection import CLIENT_TIMEOUT, Connection
from itemsvc.server.connection_groups import HELD_BYTES, ConnectionGroupsWorker
from itemsvc.server.probe import is_probe
from itemsvc.server.request_buffer import Request

MAX_QUEUED = settings.MAX_QUEUED
# Seconds in which a refused client can read its response. Whatever it sends meanwhile is thrown away.
LINGER_SECONDS = 2
# Seconds that a stopping worker keeps idle connections, because a request may be on its way.
STOP_SECONDS = 2
# Bytes that a client may send ahead while its request is served.
AHEAD_BYTES = 64 * 1024
OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class EventLoop(ConnectionGroupsWorker):
    """The way of a connection through the loop."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.finished: deque[tuple[Connection, bool]] = deque()
        self.body_limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    # -- From a connection to a request --------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """Accepts one connection; closes another one if there are too many."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED):
                return
            self.set_accept_enabled(False)  # Until the next tick, because the listener stays readable.
            if error.errno not in OUT_OF_FILES:
                raise
            self.make_room()
            return
        connection = Connection(self.cfg, accepted, address, listener.getsockname())
        self.nr_conns += 1
        self.attempt(self.begin_connection, connection)

    def begin_connection(self, connection: Connection) -> None:
        """Waits for the first request, which may have arrived already."""
        if self.nr_conns > self.worker_connections:
            self.make_room()
        self.wait(connection, self.idle, self.cfg.keepalive or CLIENT_TIMEOUT)
        self.listen(connection, self.on_readable)
        self.on_readable(connection)

    def on_readable(self, connection: Connection) -> None:
        """Reads what the client has sent, or notices that it has gone."""
        self.finish_all()
        if connection.callback is None:
            return  # Closed by the line above.
        data = connection.read()
        if data is None:
            return
        if not data:
            connection.ended = True
            self.listen(connection, None)
        if connection.serving:
            connection.ahead += data
            if len(connection.ahead) > AHEAD_BYTES:
                self.listen(connection, None)
            self.finish_all()  # The thread may have finished before the client ended.
        elif data:
            self.take(connection, data)
        else:
            self._take_end(connection)

    def take(self, connection: Connection, data: bytes) -> None:
        """Queues the request if it has arrived; otherwise waits for the rest."""
        if connection.receive(data, self.body_limit):
            self.enqueue_req(connection)
        elif connection.ended:
            self._take_end(connection)
        elif connection.incoming:
            self._wait_for_rest(connection, connection.incoming)

    def _take_end(self, connection: Connection) -> None:
        if connection.receive_end():
            self.enqueue_req(connection)
        else:
            self.drop(connection)

    def _wait_for_rest(self, connection: Connection, request: Request) -> None:
        if connection.group is not self.receiving:
            self.wait(connection, self.receiving, CLIENT_TIMEOUT)
        if request.expects_continue:
            request.expects_continue = False
            with contextlib.suppress(OSError):
                connection.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.hold(connection, len(request.data))

    def time_out(self, connection: Connection) -> None:
        """Closes the connection of a slow client; answers 408 unless its response has begun."""
        load.timed_out += 1
        self.log.info("A client took longer than %s s; its connection is closed.", CLIENT_TIMEOUT)
        if connection.incoming is None:
            self.drop(connection)
            return
        connection.whole = False
        self.answer(connection, raw_errors.TOO_SLOW, bytes(connection.incoming.data))

    # -- From a request to its response --------------------------------------------------------------------------------

    def enqueue_req(self, connection: Connection) -> None:
        """Queues the request for a thread, or refuses it."""
        self.wait(connection, None)
        connection.serving = True
        if not connection.whole:
            self.listen(connection, None)
        if connection.plain and is_probe(connection.plain):
            # Answered in the loop: under overload a probe must not wait, or ECS would replace the task.
            self.serve(connection)
            self.finish_all()
        elif len(self.tpool.waiting) >= MAX_QUEUED or self.held > HELD_BYTES:
            self.refuse(connection)
        else:
            connection.queued = time.monotonic()
            self.tpool.put(connection)

    def refuse(self, connection: Connection) -> None:
        """Answers 503 at once."""
        load.refused += 1
        self.answer(connection, raw_errors.BUSY, connection.arrived.data)

    def answer(self, connection: Connection, error: raw_errors.RawError, request: bytes) -> None:
        """Answers with an error, without a thread, and closes the connection."""
        with contextlib.suppress(OSError):
            connection.sock.sendall(raw_errors.response(error, request))
        self.finish_request(connection, False)

    def serve(self, connection: Connection) -> None:
        """Serves one request; called by a thread, and by the loop for a probe."""
        keep = False
        connection.sock.begin()
        try:
            keep = self.handle(connection)
        except BaseException:
            self.report("An error could not be answered.")
        finally:
            self.finished.append((connection, keep))
            current_request_id.set("")
            if not self.tpool.waiting:
                lines.flush()
            # The loop is woken only if there is something to do before the client's next request wakes it.
            if not keep or connection.sock.unsent or connection.ahead or connection.ended:
                self.method_queue.defer(self.finish_all)

    def finish_all(self) -> None:
        """Goes on with every connection whose request was answered."""
        while self.finished:
            self.attempt(self.finish_request, *self.finished.popleft())

    def finish_request(self, connection: Connection, keep: bool) -> None:
        """Sends the rest of the response, then goes on."""
        if connection.closed:
            return
        connection.serving, connection.keep = False, keep
        if not connection.sock.unsent:
            self.go_on(connection)
            return
        self.wait(connection, self.sending, CLIENT_TIMEOUT)
        self.listen(connection, self.on_writable, write=True)
        self.hold(connection, len(connection.sock.unsent))

    def on_writable(self, connection: Connection) -> None:
        """Sends more of the response, or notices that the client has gone."""
        try:
            if connection.sock.flush():
                self.go_on(connection)
        except OSError:
            self.drop(connection)

    def go_on(self, connection: Connection) -> None:
        """Takes the next request, waits for it, or closes the connection."""
        if connection.held:
            self.hold(connection, 0)
        if not connection.keep:
            self.end(connection)
            return
        if not connection.ended:
            self.listen(connection, self.on_readable)
        data = connection.next_data()
        if data:
            self.take(connection, data)
        elif connection.ended:
            self.drop(connection)
        else:
            self.wait(connection, self.idle, self.cfg.keepalive if self.alive else STOP_SECONDS)

    def end(self, connection: Connection) -> None:
        """Closes the connection; a client that is still sending gets time to read its response first.

        Closing at once would reset the connection, and the client or the load balancer would see a broken connection
        instead of the response.
        """
        if connection.half_close() or connection.whole:
            self.drop(connection)
            return
        self.wait(connection, self.lingering, LINGER_SECONDS)
        self.listen(connection, self.on_leftover)

    def on_leftover(self, connection: Connection) -> None:
        """Throws away what a refused client sends."""
        if connection.discard():
            self.drop(connection)
