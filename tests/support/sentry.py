"""A Sentry server that receives envelopes over HTTP and keeps their events."""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Sentry:
    """Listens on a port of this machine."""

    events: list[dict[str, Any]] = field(default_factory=list)
    #: The decompressed bodies of the requests.
    envelopes: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Self:
        sentry = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/api/42/envelope/"
                assert "sentry_key=public" in self.headers["X-Sentry-Auth"]
                sentry.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.dsn = f"http://public@127.0.0.1:{self.server.server_port}/42"
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, envelope: bytes) -> None:
        """Reads an envelope: one line for the envelope, then for each item a header line and its payload."""
        self.envelopes.append(envelope)
        _, *lines = envelope.rstrip(b"\n").split(b"\n")
        for header, payload in zip(lines[::2], lines[1::2], strict=True):
            if json.loads(header)["type"] == "event":
                self.events.append(json.loads(payload))
