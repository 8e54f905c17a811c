"""The service with one setting changed, beside itself with its defaults."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.programs import OURS, Program
from benchmarks.rows import GET_100, GET_ONE, LIST, POST, Row, get_one, post
from tests.support.issuer import Issuer, SigningKey, bearer

TOKEN_SECONDS = 4 * 3600
TITLE = "What a setting costs"


class Collector(BaseHTTPRequestHandler):
    """Takes every trace and forgets it."""

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
def rows(*, quick: bool) -> Iterator[tuple[Row, ...]]:
    """The rows with a column for each setting; a quick run has tokens only."""
    with Issuer() as issuer, ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        programs = (OURS, tokens(issuer)) if quick else (OURS, tokens(issuer), *others(collector.server_port))
        yield (
            Row(f"{GET_ONE}, by setting", get_one, programs),
            Row(f"{GET_100}, by setting", LIST, programs),
            Row(f"{POST}, by setting", post, programs, status=201, items=0),
        )
        collector.shutdown()


def tokens(issuer: Issuer) -> Program:
    """With bearer tokens, signed as Cognito signs them."""
    issuer.keys = [key := SigningKey("benchmark", "RS256")]
    token = issuer.token(key, exp=issuer.claims()["iat"] + TOKEN_SECONDS, scope="items:read items:write")
    return OURS.with_settings("tokens", issuer.environment(), bearer(token))


def others(collector: int) -> Iterator[Program]:
    """With each of the other settings."""
    traces = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}"}
    sampled = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}
    yield OURS.with_settings("traces", traces)
    yield OURS.with_settings("traces, 1 %", traces | sampled)
    yield OURS.with_settings("metrics (EMF)", {"METRICS": "emf"})
    yield OURS.with_settings("metrics (Prometheus)", {"METRICS": "prometheus", "METRICS_PORT": "9464"})
    yield OURS.with_settings("rate limit", {"RATE_LIMIT": "900000/min"})
    yield OURS.with_settings("admin", {"ADMIN_ENABLED": "true"})
    yield OURS.with_settings("gunicorn's gthread", {"GUNICORN_WORKER": "gthread"})
