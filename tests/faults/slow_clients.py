"""Many slow clients at once, each on its own connection."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator

from tests.api.hostile_requests import JSON, head

Drip = Callable[[socket.socket], None]


def connect(port: int, receive_buffer: int = 0) -> socket.socket:
    """Opens a connection. A small receive buffer (in bytes) makes its TCP window small."""
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(10)
    client.connect(("127.0.0.1", port))
    return client


def silent(client: socket.socket) -> None:
    """Sends nothing."""


def drip_head(client: socket.socket) -> None:
    """Sends a byte of an endless header."""
    client.send(b"a")


def drip_body(client: socket.socket) -> None:
    """Sends a byte of a body."""
    client.send(b" ")


def drip_chunk(client: socket.socket) -> None:
    """Sends a chunk of one byte."""
    client.send(b"1\r\n \r\n")


def sip(client: socket.socket) -> None:
    """Reads one byte."""
    client.recv(1)


#: For each kind, the first bytes and the action that it repeats.
KINDS: dict[str, tuple[bytes, Drip]] = {
    "says nothing": (b"", silent),
    "drips its head": (b"GET /gadgets HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", drip_head),
    "drips its body": (head("POST", "/gadgets", f"Content-Type: {JSON}", "Content-Length: 5000"), drip_body),
    "drips chunks": (head("POST", "/gadgets", f"Content-Type: {JSON}", "Transfer-Encoding: chunked"), drip_chunk),
    "declares 10 GB": (head("POST", "/gadgets", f"Content-Type: {JSON}", "Content-Length: 10000000000"), drip_body),
    "sips a page": (head("GET", "/gadgets?limit=1000"), sip),
    "sips an export": (head("GET", "/gadgets", "Accept: application/x-ndjson"), sip),
}


@contextlib.contextmanager
def slow_clients(port: int, kind: str, count: int, every: float = 0.2) -> Iterator[list[socket.socket]]:
    """Runs ``count`` clients of a kind. Each repeats its action after a pause until the service closes it."""
    begin, drip = KINDS[kind]
    clients = [connect(port, receive_buffer=4096 if drip is sip else 0) for _ in range(count)]
    for client in clients:
        client.sendall(begin)
    stop = threading.Event()

    def drip_all() -> None:
        while not stop.wait(every):
            for client in clients:
                with contextlib.suppress(OSError):
                    drip(client)

    thread = threading.Thread(target=drip_all)
    thread.start()
    try:
        yield clients
    finally:
        stop.set()
        thread.join()
        for client in clients:
            client.close()


def closed(clients: list[socket.socket]) -> int:
    """The number of clients whose connection the service has closed."""
    with selectors.DefaultSelector() as poller:
        for client in clients:
            poller.register(client, selectors.EVENT_READ)
        return sum(_is_closed(key.fileobj) for key, _ in poller.select(0))  # type: ignore[arg-type]


def _is_closed(client: socket.socket) -> bool:
    try:
        while data := client.recv(65536, socket.MSG_DONTWAIT):
            del data
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
