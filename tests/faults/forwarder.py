"""A forwarder between client and server that can cut connections or drop all data."""

from __future__ import annotations

import contextlib
import socket
import threading


class Forwarder:
    """Accepts connections on a TCP port and forwards them to a Unix socket."""

    def __init__(self, target: str):
        self._target = target
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        #: While it is cleared, all data is dropped and connections stay open.
        self.carries = threading.Event()
        self.carries.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Resets every connection."""
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    end.shutdown(socket.SHUT_RDWR)
                    end.close()
        self._pairs.clear()

    def close(self) -> None:
        """No more."""
        self._listener.close()
        self.carries.set()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._pairs.append((client, server))
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.carries.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
