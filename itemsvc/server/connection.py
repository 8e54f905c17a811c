"""A client's connection, which collects the request and keeps what the client has not taken of the response."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from gunicorn.http import get_parser
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import NoMoreData

from itemsvc.http.raw_errors import TooManyChunks
from itemsvc.server import fast_parser
from itemsvc.server.request_buffer import Arrived, Framing, Request

CLIENT_TIMEOUT = settings.CLIENT_TIMEOUT_SECONDS
# The slowest rate at which a client may take an export, in bytes a second.
SLOWEST_RATE = 32 * 1024
# An export waits for its client when it has so many unsent bytes. Any other response is kept completely.
UNSENT_BYTES = 1536 * 1024
READ_BYTES, DRAIN_BYTES, SEND_BYTES = 16 * 1024, 256 * 1024, 256 * 1024


class ClientGoneError(OSError):
    """The client has gone; a class of its own, because an application may raise OSError too."""


class ClientTooSlowError(ClientGoneError):
    """The client does not take an export fast enough."""


class ClientSocket(socket.socket):
    """Never blocks: keeps what the client does not take at once in ``unsent``, and the event loop sends it.

    An export is the exception: its thread waits in ``sendall`` while more than UNSENT_BYTES are kept. It may wait
    ``patience`` seconds. Waiting uses them up, and each SLOWEST_RATE bytes that the client takes give one back.
    """

    __slots__ = ("active", "head", "patience", "unsent")

    def __init__(self, accepted: socket.socket):
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.setblocking(False)
        self.unsent = bytearray()
        self.begin()

    def begin(self) -> None:
        """Called before each request."""
        #: When this request last sent something, in monotonic seconds; infinite while it waits for its client.
        self.active = time.monotonic()
        self.patience = float(CLIENT_TIMEOUT)
        #: The head of the response, which is sent together with the body.
        self.head = b""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Sends or keeps ``data``; raises ClientGoneError, or ClientTooSlowError during an export."""
        self.active = time.monotonic()
        if self.head:
            data, self.head = self.head + data, b""
        if self.unsent:
            self.unsent += data
            if len(self.unsent) > UNSENT_BYTES:
                self._wait()
            return
        try:
            sent = self.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise ClientGoneError(*error.args) from None
        if sent < len(data):
            self.unsent += memoryview(data)[sent:]

    def end(self) -> None:
        """Called when the response is complete; sends the head of one without a body."""
        if self.head:
            self.sendall(b"")

    def close(self) -> None:
        """Closes the socket without an error."""
        with contextlib.suppress(OSError):
            super().close()

    def flush(self) -> bool:
        """Sends what the client takes now; returns whether all is sent. Raises OSError if the client has gone."""
        sent = 0
        with contextlib.suppress(BlockingIOError), memoryview(self.unsent) as view, view[:SEND_BYTES] as part:
            sent = self.send(part)
        del self.unsent[:sent]
        self.patience = min(CLIENT_TIMEOUT, self.patience + sent / SLOWEST_RATE)
        return not self.unsent

    def _wait(self) -> None:
        writable = select.poll()
        writable.register(self, select.POLLOUT)
        self.active = float("inf")
        while len(self.unsent) > UNSENT_BYTES:
            began = time.monotonic()
            if not writable.poll(max(0.0, self.patience) * 1000):
                raise ClientTooSlowError
            self.patience -= time.monotonic() - began
            try:
                self.flush()
            except OSError as error:
                raise ClientGoneError(*error.args) from None
        self.active = time.monotonic()


class Connection:
    """One connection and the state of its current request."""

    __slots__ = (
        "ahead", "arrived", "callback", "client", "ended", "environ", "group", "held", "incoming", "keep", "message",
        "parser", "plain", "queued", "server", "serving", "sock", "whole",
    )  # fmt: skip

    def __init__(self, cfg: Any, accepted: socket.socket, client: Any, server: Any):
        self.sock, self.client, self.server = ClientSocket(accepted), client, server
        # The parser reads what has arrived, never the socket.
        self.arrived = Arrived()
        self.parser = get_parser(cfg, self.arrived, client)
        self.environ = fast_parser.environ_of(cfg, client, server)
        if self.environ:
            self.environ["gunicorn.socket"] = self.sock
        #: The request, if the fast parser has read it.
        self.plain: fast_parser.PlainRequest | None = None
        #: gunicorn's request, or the exception of its parser, if it has read the head.
        self.message: Any = None
        #: The request that is still arriving; then whether it has arrived completely.
        self.incoming: Request | None = None
        self.whole = True
        #: What came while a request was served, and whether the client has closed its side.
        self.ahead, self.ended = b"", False
        self.serving = self.keep = False
        #: For the worker: its group, the poller's callback, the bytes that it holds, when it was queued.
        self.group: dict[Connection, float] | None = None
        self.callback: Callable[[Connection], None] | None = None
        self.held, self.queued = 0, 0.0

    @property
    def closed(self) -> bool:
        """Whether this side has closed it."""
        return self.sock.fileno() < 0

    def fileno(self) -> int:
        """The file descriptor, for the poller."""
        return self.sock.fileno()

    def read(self, size: int = READ_BYTES) -> bytes | None:
        """At most ``size`` bytes that have arrived; None if there are none, empty if no more will come."""
        try:
            return self.sock.recv(size)
        except BlockingIOError:
            return None
        except OSError:
            return b""  # The client has gone.

    def receive(self, data: bytes, body_limit: int) -> bool:
        """Adds ``data``; returns whether a thread can take the request, to serve or to refuse it."""
        if self.incoming is None:
            self.plain, self.message = fast_parser.read(data, self.environ), None
            if self.plain and self.plain.take_body(data):
                self.arrived.put(data)
                self.whole = True
                return True
            self.incoming = Request(body_limit, self)
        if self.incoming.feed(data):
            self._hand_over(self.incoming, self.incoming.whole)
            return True
        return False

    def read_head(self, head: bytes) -> Framing | None:
        """Reads a whole head; returns None if gunicorn's parser refuses it."""
        if plain := self.plain or fast_parser.read(head, self.environ):
            self.plain = plain
            return Framing(plain.length)
        self.arrived.put(head)
        try:
            self.message = next(self.parser)
        except Exception as error:
            self.message = error
            return None
        reader, expects = self.message.body.reader, self.message._expected_100_continue
        self.message._expected_100_continue = False  # The loop answers that.
        return Framing(getattr(reader, "length", 0), isinstance(reader, ChunkedReader), expects)

    def refuses(self, start: bytes) -> bool:
        """Whether gunicorn's parser refuses a head that starts like this, whatever follows."""
        try:
            next(type(self.parser)(self.parser.cfg, iter([start]), self.client))
        except NoMoreData:
            return False
        except Exception:
            return True
        return False

    def take_message(self) -> Any:
        """gunicorn's request, or None at the end of the connection; raises what its parser raises."""
        message, self.message = self.message, None
        if isinstance(message, Exception):
            raise message
        return message or next(self.parser, None)

    def receive_end(self) -> bool:
        """Called when the client has closed its side; returns whether its request gets a response, as it has a head."""
        if self.incoming is None or not self.incoming.has_head:
            return False
        self._hand_over(self.incoming, whole=False)
        return True

    def _hand_over(self, request: Request, whole: bool) -> None:
        data = bytes(request.data)
        if self.plain and not self.plain.take_body(data):
            self.plain = None  # Another request follows, or the body does not come.
        if request.too_many_chunks:
            self.message = TooManyChunks(self.message)
        self.arrived.put(data, request.body_start if self.message else 0)
        self.whole, self.incoming = whole, None

    def next_data(self) -> bytes:
        """The bytes of the next request: those that the parser has not read, and those that came since."""
        data, self.ahead = self.ahead, b""
        if self.plain:
            return data
        rest: bytes = self.parser.unreader.take_buffered() + self.arrived.take_rest()
        return rest + data

    def half_close(self) -> bool:
        """Closes this side; returns whether the client has closed its own, or has gone."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return True
        return self.discard()

    def discard(self) -> bool:
        """Throws away what has arrived; returns whether the client has closed its side, or has gone."""
        return self.read(DRAIN_BYTES) == b""
