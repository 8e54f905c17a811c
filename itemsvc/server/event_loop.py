"""gunicorn's threaded worker, with a loop that waits for clients so that no thread does.

The loop collects each request and hands it to a thread when it has arrived; what a client does not take of its answer
at once is the loop's to send. So threads only serve, and a slow client costs memory and a descriptor, both bounded, and
nobody else's time.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from gunicorn.http.errors import NoMoreData
from gunicorn.http.wsgi import create

from itemsvc.core.capacity import load
from itemsvc.core.logs import lines
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.observability import request_statistics
from itemsvc.server import raw_errors, request_deadline
from itemsvc.server.connection import CLIENT_TIMEOUT, ClientGoneError, ClientTooSlowError, Connection
from itemsvc.server.containment import ContainedWorker
from itemsvc.server.fast_parser import PlainRequest
from itemsvc.server.probe import Probe, is_probe
from itemsvc.server.request_buffer import Request
from itemsvc.server.request_queue import Lane
from itemsvc.server.response import Answer

MAX_QUEUED, THREADS = settings.MAX_QUEUED, settings.THREADS
QUEUE_TIMEOUT, REQUEST_TIMEOUT = settings.QUEUE_TIMEOUT_SECONDS, settings.REQUEST_TIMEOUT_SECONDS
# Seconds after which a thread that still is at the same request hangs in something that its budget does not end. Before
# and after that a request may wait for a new connection to the database, which nothing cuts short; then as long as
# anybody may be kept waiting here.
STUCK_SECONDS = REQUEST_TIMEOUT + 2 * settings.DB_CONNECT_TIMEOUT_SECONDS + QUEUE_TIMEOUT
# Seconds between two looks at what is overdue.
TICK = 0.25
# Seconds that a client which is refused while it sends has to read why; what it sends meanwhile is thrown away.
LINGER_SECONDS = 2
# Seconds that a stopping worker keeps idle connections, for a request that may be on its way.
STOP_SECONDS = 2
# Bytes of requests and answers that are kept for slow clients; beyond it, the oldest of them are given up.
HELD_BYTES = 64 * 1024 * 1024
# What a client may send ahead while its request is served.
AHEAD_BYTES = 64 * 1024
OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class EventWorker(ContainedWorker):
    """One loop and its threads; everything here is called by the loop, but ``serve`` and what it calls."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Connections by what they wait for, with the end of their time, the earliest first.
        self.idle: dict[Connection, float] = {}
        self.receiving: dict[Connection, float] = {}
        self.sending: dict[Connection, float] = {}
        self.lingering: dict[Connection, float] = {}
        self.finished: deque[tuple[Connection, bool]] = deque()
        self.held = self.refused = 0
        self.body_limit = 0

    def get_thread_pool(self) -> Lane:
        """Called by gunicorn in the worker's process."""
        return Lane("request", THREADS, self.serve)

    # -- The loop ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serves until it is told to stop; then only what is under way, for at most the graceful timeout."""
        self.probe, self.body_limit = Probe(), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        # Each of gunicorn's settings takes a search; these two are looked up for every request.
        self.begin, self.keepalive = self.cfg.pre_request, self.cfg.keepalive
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
        """One turn."""
        for key, _ in self.poller.select(timeout):
            # An event before it may have closed the connection, or made it wait for something else.
            if getattr(key.fileobj, "callback", key.data) == key.data:
                self.attempt(key.data, key.fileobj)

    def tick(self, now: float) -> None:
        """The heartbeat, and everything whose time is up; nothing of it keeps the rest from happening."""
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
        self.attempt(self._tell_load)
        self.attempt(self._tell_health, now)

    def _expire(self, group: dict[Connection, float], now: float, give_up: Callable[[Connection], None]) -> None:
        while group and next(iter(group.values())) <= now:
            self.attempt(give_up, next(iter(group)))

    def _accept_or_not(self) -> None:
        if not self.is_parent_alive():
            self.alive: bool = False
        self.set_accept_enabled(self.alive)

    def _replace_lost_threads(self) -> None:
        for connection in self.tpool.bury():
            load.lost_threads += 1
            self.log.critical("A request thread was lost; another one takes its place.")
            if connection:
                self.attempt(self.drop, connection)
        self.tpool.start()

    def _cut_overdue(self, before: float) -> None:
        for thread, connection in list(self.tpool.serving.items()):
            if connection.sock.active < before and request_deadline.cut(thread):
                load.overdue += 1
                self.log.error("A request outlasted %s s; its database connection is closed.", REQUEST_TIMEOUT)

    def _tell_health(self, now: float) -> None:
        """Decides what `/health` answers. Busy threads and a full queue are no problem: both move."""
        problem = ""
        active = [each.sock.active for each in list(self.tpool.serving.values())]
        stuck = sum(since < now - STUCK_SECONDS for since in active)
        # An export waits for its client, so its thread cannot serve anybody else either.
        exporting = active.count(float("inf"))
        if not self.tpool.is_complete():
            problem = "A request thread has ended and was not replaced."
        elif stuck and stuck + exporting >= THREADS:
            problem = f"Every request thread has been at the same request for more than {STUCK_SECONDS} s."
        if problem != load.problem:
            self.log.critical(problem or "The request threads go on.")
        load.problem = problem

    def _tell_load(self) -> None:
        load.connections, load.serving = self.nr_conns, len(self.tpool.serving)
        load.queued = len(self.tpool.waiting)
        if request_statistics.refusals.total > self.refused:
            new, self.refused = request_statistics.refusals.total - self.refused, request_statistics.refusals.total
            self.log.warning("Overloaded: %s requests refused, %s are waiting.", new, load.queued)

    # -- What connections wait for -------------------------------------------------------------------------------------

    def wait(self, connection: Connection, group: dict[Connection, float] | None, seconds: float = 0) -> None:
        """Puts it into one group, out of any other; None while its request is queued or served."""
        if connection.group is not None:
            connection.group.pop(connection, None)
        connection.group = group
        if group is not None:
            group[connection] = time.monotonic() + seconds

    def listen(self, connection: Connection, callback: Callable[[Connection], None] | None) -> None:
        """Has the poller call this back, and nothing else; None for nothing at all."""
        if callback == connection.callback:
            return
        events = selectors.EVENT_WRITE if callback == self.on_writable else selectors.EVENT_READ
        if callback is None:
            self.poller.unregister(connection)
        elif connection.callback is None:
            self.poller.register(connection, events, callback)
        else:
            self.poller.modify(connection, events, callback)
        connection.callback = callback

    def hold(self, connection: Connection, size: int) -> None:
        """Accounts so many bytes to the connection, and gives up the oldest where all together hold too many."""
        self.held += size - connection.held
        connection.held = size
        while self.held > HELD_BYTES and (group := max(self.receiving, self.sending, key=len)):
            self.evict(next(iter(group)))

    def make_room(self) -> None:
        """Closes the connection that has waited longest of the most numerous kind."""
        if group := max(self.idle, self.receiving, self.sending, self.lingering, key=len):
            self.evict(next(iter(group)))

    def evict(self, connection: Connection) -> None:
        """Closes it for others' sake."""
        load.evicted += 1
        self.drop(connection)

    def drop(self, connection: Connection) -> None:
        """Closes it at once; does nothing where it is closed."""
        if connection.closed:
            return
        self.wait(connection, None)
        try:
            self.listen(connection, None)
        finally:
            self.held -= connection.held
            self.nr_conns -= 1
            connection.close()

    def time_out(self, connection: Connection) -> None:
        """Ends a connection whose client is too slow; says so, unless an answer is under way already."""
        load.timed_out += 1
        self.log.info("A client took longer than %s s; its connection is closed.", CLIENT_TIMEOUT)
        if connection.incoming is None:
            self.drop(connection)
            return
        connection.whole = False
        self.answer(connection, raw_errors.TOO_SLOW, bytes(connection.incoming.data))

    # -- From a connection to a request --------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """Takes one connection, and makes room for it where there are too many."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED):
                return
            self.set_accept_enabled(False)  # Until the next tick; the listener goes on being readable.
            if error.errno not in OUT_OF_FILES:
                raise
            self.make_room()
            return
        connection = Connection(self.cfg, accepted, address, listener.getsockname())
        self.nr_conns += 1
        self.attempt(self.begin_connection, connection)

    def begin_connection(self, connection: Connection) -> None:
        """Waits for its first request, which may be there already."""
        if self.nr_conns > self.worker_connections:
            self.make_room()
        self.wait(connection, self.idle, self.keepalive)
        self.listen(connection, self.on_readable)
        self.on_readable(connection)

    def on_readable(self, connection: Connection) -> None:
        """The client has sent something, or has gone."""
        self.finish_all()
        if connection.callback is None:
            return  # It was given up just now.
        try:
            data = connection.read()
        except OSError:
            data = b""
        if data is None:
            return
        if not data:
            connection.ended = True
            self.listen(connection, None)
        if connection.serving:
            connection.ahead += data
            if len(connection.ahead) > AHEAD_BYTES:
                self.listen(connection, None)
            self.finish_all()  # Its thread may have looked just before.
        elif data:
            self.take(connection, data)
        else:
            self._take_end(connection)

    def take(self, connection: Connection, data: bytes) -> None:
        """Hands the request on when it has arrived; else waits for the rest of it, as long as there may be one."""
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

    # -- From a request to its answer ----------------------------------------------------------------------------------

    def enqueue_req(self, connection: Connection) -> None:
        """Queues the request for a thread, or refuses it."""
        self.wait(connection, None)
        connection.serving = True
        if not connection.whole:
            self.listen(connection, None)
        if connection.plain and is_probe(connection.plain):
            # A probe asks nobody else, and must be answered under any load, or an overload would cost the task.
            self.serve(connection)
            self.finish_all()
        elif len(self.tpool.waiting) >= MAX_QUEUED or self.held > HELD_BYTES:
            self.refuse(connection)
        else:
            connection.queued = time.monotonic()
            self.tpool.put(connection)

    def refuse(self, connection: Connection) -> None:
        """503, at once."""
        request_statistics.refusals.add()
        self.answer(connection, raw_errors.BUSY, connection.arrived.data)

    def answer(self, connection: Connection, error: tuple[int, str, str], request: bytes) -> None:
        """An error that needs no thread; the connection is closed after it."""
        with contextlib.suppress(OSError):
            connection.sock.sendall(raw_errors.json_error(*error, raw_errors.identify(request)))
        self.finish_request(connection, False)

    def serve(self, connection: Connection) -> None:
        """Serves one request; called by a thread, or for a probe by the loop."""
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
            # The client's next request wakes the loop soon enough, unless something is to be done for this one.
            if not keep or connection.sock.unsent or connection.ahead or connection.ended:
                self.method_queue.defer(self.finish_all)

    def finish_all(self) -> None:
        """Goes on with every connection whose request a thread has answered."""
        while self.finished:
            self.attempt(self.finish_request, *self.finished.popleft())

    def handle(self, connection: Connection) -> bool:
        """Answers one request; whether the connection may bring another one."""
        request: Any = connection.plain
        try:
            if request:
                keep = self.handle_request(request, connection)
            elif request := self._parse(connection):
                keep = self.handle_request(request, connection) and connection.parser.finish_body()
            else:
                return False
            connection.sock.end()
        except ClientTooSlowError:
            self.log.info("A client took longer than %s s; its connection is closed.", CLIENT_TIMEOUT)
            return False
        except (NoMoreData, ClientGoneError):
            return False
        except BaseException as error:
            if self.quitting:
                raise
            self.handle_error(request, connection.sock, connection.client, error)
            return False
        return keep and not connection.arrived.exhausted

    def _parse(self, connection: Connection) -> Any:
        request = next(connection.parser, None)
        if request is None:
            return None
        request._expected_100_continue = False  # The loop has answered that.
        if not connection.whole:
            request.force_close()
        return request

    def handle_request(self, request: Any, connection: Connection) -> bool:
        """As gunicorn's own; whether the connection may bring another one."""
        began = time.perf_counter()
        self.begin(self, request)
        application, response, environ = self._prepare(request, connection)
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        if not self.alive:
            response.force_close()
        try:
            _send(application(environ, response.start_response), response)
        except BaseException as error:
            if isinstance(error, NoMoreData | ClientGoneError) or not response.headers_sent:
                raise
            self.report(f"Error while {request.method} {request.path} was being answered")
            return False
        finally:
            if response.headers_sent:
                self.attempt(self.log.answered, response, environ, time.perf_counter() - began)
        return not response.should_close()

    def _prepare(self, request: Any, connection: Connection) -> tuple[Any, Answer, dict[str, Any]]:
        if isinstance(request, PlainRequest):
            application = self.probe if is_probe(request) else self.wsgi
            return application, Answer(request, connection.sock, self.cfg), request.environ
        response, environ = create(request, connection.sock, connection.client, connection.server, self.cfg, Answer)
        environ["wsgi.multithread"] = True
        return self.wsgi, response, environ

    def finish_request(self, connection: Connection, keep: bool) -> None:
        """Goes on when the client has taken its answer."""
        if connection.closed:
            return
        connection.serving, connection.keep = False, keep
        if not connection.sock.unsent:
            self.go_on(connection)
            return
        self.wait(connection, self.sending, CLIENT_TIMEOUT)
        self.listen(connection, self.on_writable)
        self.hold(connection, len(connection.sock.unsent))

    def on_writable(self, connection: Connection) -> None:
        """The client takes more of its answer, or has gone."""
        try:
            if connection.sock.flush():
                self.go_on(connection)
        except OSError:
            self.drop(connection)

    def go_on(self, connection: Connection) -> None:
        """Waits for the next request, which may have come already, or closes the connection."""
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
            self.wait(connection, self.idle, self.keepalive if self.alive else STOP_SECONDS)

    def end(self, connection: Connection) -> None:
        """Closes it; with a client that is still sending, only when it has had time to read its answer.

        Closed at once, the connection would be reset under it: it, or the load balancer, would see a broken connection
        instead of the answer.
        """
        try:
            ended = connection.half_close()
        except OSError:
            ended = True
        if ended or connection.whole:
            self.drop(connection)
            return
        self.wait(connection, self.lingering, LINGER_SECONDS)
        self.listen(connection, self.on_leftover)

    def on_leftover(self, connection: Connection) -> None:
        """A refused client has sent more, or has gone."""
        try:
            ended = connection.discard()
        except OSError:
            ended = True
        if ended:
            self.drop(connection)


def _send(parts: Iterable[bytes], response: Answer) -> None:
    try:
        for part in parts:
            response.write(part)
        response.close()
    finally:
        if hasattr(parts, "close"):
            parts.close()
