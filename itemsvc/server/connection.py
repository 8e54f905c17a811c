"""A client's connection: what it sends is collected, what it does not take yet is kept, and no thread waits for it."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from gunicorn.http import get_parser

from itemsvc.server import fast_parser
from itemsvc.server.request_buffer import Arrived, Request

CLIENT_TIMEOUT = settings.CLIENT_TIMEOUT_SECONDS
# An answer that is longer, an export, may take longer: it is taken at this rate or faster, in bytes a second.
SLOWEST_RATE = 32 * 1024
# What is kept of an answer in parts before its next part waits for the client; one in a single part is kept whole.
UNSENT_BYTES = 1536 * 1024
READ_BYTES, DRAIN_BYTES, SEND_BYTES = 16 * 1024, 256 * 1024, 256 * 1024


class ClientGoneError(OSError):
    """The client has gone. The application's own errors of this kind are no such thing."""


class ClientTooSlowError(ClientGoneError):
    """It does not take what an export sends it."""


class ClientSocket(socket.socket):
    """Never blocks: what the client does not take at once is kept in ``unsent``, for the worker's loop to send.

    An export is not kept whole: its thread waits in ``sendall`` where more than UNSENT_BYTES are kept. The seconds that
    it may wait are CLIENT_TIMEOUT, used up by waiting and earned again by what the client takes, at SLOWEST_RATE.
    """

    __slots__ = ("active", "head", "patience", "unsent")

    def __init__(self, accepted: socket.socket):
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.setblocking(False)
        self.unsent = bytearray()
        self.begin()

    def begin(self) -> None:
        """Called before each request is served."""
        #: When this request last got on, on the monotonic clock.
        self.active = time.monotonic()
        self.patience = float(CLIENT_TIMEOUT)
        #: Sent with what follows, in one packet and one system call.
        self.head = b""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Sends or keeps ``data``; raises ClientGoneError, or ClientTooSlowError in an export."""
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
        """Called when the answer is complete: one without a body is sent now."""
        if self.head:
            self.sendall(b"")

    def close(self) -> None:
        """Closes it, whatever the client has done."""
        with contextlib.suppress(OSError):
            super().close()

    def flush(self) -> bool:
        """Sends what the client takes now; whether nothing is left. Raises OSError where it is gone."""
        sent = 0
        with contextlib.suppress(BlockingIOError), memoryview(self.unsent) as view, view[:SEND_BYTES] as part:
            sent = self.send(part)
        del self.unsent[:sent]
        self.patience = min(CLIENT_TIMEOUT, self.patience + sent / SLOWEST_RATE)
        return not self.unsent

    def _wait(self) -> None:
        writable = select.poll()
        writable.register(self, select.POLLOUT)
        self.active = float("inf")  # Waits for its client, not for the database.
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
    """What gunicorn's threaded worker asks of a connection, and how far its present request has come."""

    __slots__ = (
        "ahead", "arrived", "callback", "client", "ended", "environ", "group", "held", "incoming", "keep", "parser",
        "plain", "queued", "server", "serving", "sock", "whole",
    )  # fmt: skip

    def __init__(self, cfg: Any, accepted: socket.socket, client: Any, server: Any):
        self.sock, self.client, self.server = ClientSocket(accepted), client, server
        # It reads what has arrived, never the socket.
        self.arrived = Arrived()
        self.parser = get_parser(cfg, self.arrived, client)
        self.environ = fast_parser.environ_of(cfg, client, server)
        #: The request that has arrived, where it needs no parser.
        self.plain: fast_parser.PlainRequest | None = None
        #: The request that is under way, until it has arrived; then whether that is all of it.
        self.incoming: Request | None = None
        self.whole = True
        #: What came while a request was served, and whether the client has ended its side.
        self.ahead, self.ended = b"", False
        self.serving = self.keep = False
        #: The worker's: the group that it waits in, what the poller calls, bytes accounted to it, when it was queued.
        self.group: dict[Connection, float] | None = None
        self.callback: Callable[[Connection], None] | None = None
        self.held, self.queued = 0, 0.0

    @property
    def closed(self) -> bool:
        """Whether it has been closed here."""
        return self.sock.fileno() < 0

    def fileno(self) -> int:
        """For the poller."""
        return self.sock.fileno()

    def read(self, size: int = READ_BYTES) -> bytes | None:
        """What has arrived, at most ``size``; None where nothing has, empty where the client has ended its side."""
        try:
            return self.sock.recv(size)
        except BlockingIOError:
            return None

    def receive(self, data: bytes, body_limit: int) -> bool:
        """Whether a thread can take the request up: it is whole, or will be refused."""
        if self.incoming is None:
            self.plain = fast_parser.read(data, self.environ)
            if self.plain:
                self.arrived.put(data)
                self.whole = True
                return True
            self.incoming = Request(body_limit)
        if self.incoming.feed(data):
            self._hand_over(self.incoming, self.incoming.whole)
            return True
        return False

    def receive_end(self) -> bool:
        """Whether a request that will not get any longer is one that has a head, and so an answer."""
        if self.incoming is None or not self.incoming.has_head:
            return False
        self._hand_over(self.incoming, whole=False)
        return True

    def _hand_over(self, request: Request, whole: bool) -> None:
        data = bytes(request.data)
        self.arrived.put(data)
        self.plain = fast_parser.read(data, self.environ) if whole else None  # Its body may have come after its head.
        self.whole, self.incoming = whole, None

    def next_data(self) -> bytes:
        """What the parser has not used of what it was given, and what came since."""
        data, self.ahead = self.ahead, b""
        if self.plain:
            return data
        rest: bytes = self.parser.unreader.take_buffered() + self.arrived.take_rest()
        return rest + data

    def half_close(self) -> bool:
        """Says that nothing more comes; whether the client ended its side too. Raises OSError where it is gone."""
        self.sock.shutdown(socket.SHUT_WR)
        return self.discard()

    def discard(self) -> bool:
        """Throws away what has arrived; whether the client has ended its side. Raises OSError where it is gone."""
        return self.read(DRAIN_BYTES) == b""

    def close(self) -> None:
        """Closes it at once, without waiting for the client."""
        self.sock.close()
