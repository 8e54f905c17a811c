"""Servers that a feature needs: a token issuer and a collector of traces."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.issuer import Issuer, SigningKey

#: A feature's additional environment and request headers.
Settings = tuple[Mapping[str, str], Mapping[str, str]]
TOKEN_SECONDS = 4 * 3600


@contextlib.contextmanager
def issuer() -> Iterator[Settings]:
    """An OpenID Connect issuer, and a request header with its token. It signs tokens as Cognito does."""
    with Issuer() as running:
        key = SigningKey("benchmark", "RS256")
        running.keys = [key]
        token = running.token(key, exp=running.claims()["iat"] + TOKEN_SECONDS)
        yield running.environment(), {"Authorization": f"Bearer {token}"}


class Sink(BaseHTTPRequestHandler):
    """Accepts every POST."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """200, always."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def collector() -> Iterator[Settings]:
    """A collector that discards traces."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}, {}
    finally:
        server.shutdown()
        server.server_close()
