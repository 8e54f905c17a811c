"""The smoke test against a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy import smoke
from deploy.errors import SmokeFailedError, SmokeUnreachableError

pytestmark = pytest.mark.deploy

GOOD: dict[str, tuple[int, Any]] = {
    "/health": (200, {"status": "healthy"}),
    "/health/ready": (200, {"status": "ready"}),
    "/schema": (200, {"openapi": "3.1.0", "paths": {"/health": {}, "/lamps": {}, "/lamps/{id}": {}}}),
    "/lamps": (200, []),
}
Serve = Callable[[dict[str, Any]], str]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with these responses (a list: one after the other) and returns its base URL."""
    servers = []

    def start(answers: dict[str, Any]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers[self.path]
                status, body = answer.pop(0) if isinstance(answer, list) and len(answer) > 1 else _only(answer)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="proxy"' if data == b"proxy" else "Bearer")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: object) -> None:
                """Keeps stderr quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _only(answer: Any) -> tuple[int, Any]:
    found: tuple[int, Any] = answer[0] if isinstance(answer, list) else answer
    return found


def test_all_well(serve: Serve) -> None:
    shown: list[str] = []
    smoke.smoke_test(serve(GOOD) + "/", timeout=5, show=shown.append)
    assert shown == [f"{path} answers well" for path in GOOD]


def test_a_slow_start_is_waited_for(serve: Serve) -> None:
    answers = {**GOOD, "/health": [(503, b"<html>"), (502, b""), GOOD["/health"]]}
    smoke.smoke_test(serve(answers), timeout=5, show=lambda _: None)


def test_a_service_that_asks_for_tokens_is_well(serve: Serve) -> None:
    smoke.smoke_test(serve({**GOOD, "/schema": (401, {"detail": "…"})}), timeout=5, show=lambda _: None)


def test_a_service_without_resources_is_well(serve: Serve) -> None:
    answers = {path: GOOD[path] for path in ("/health", "/health/ready")}
    smoke.smoke_test(serve({**answers, "/schema": (200, {"openapi": "3.1.0"})}), timeout=5, show=lambda _: None)


@pytest.mark.parametrize("status", [401, 403, 400])
def test_a_resource_that_refuses_the_request_is_well(serve: Serve, status: int) -> None:
    smoke.smoke_test(serve({**GOOD, "/lamps": (status, {"detail": "…"})}), timeout=5, show=lambda _: None)


@pytest.mark.parametrize(
    ("path", "answer", "text"),
    [
        ("/health", (200, {"status": "ok"}), '200 {"status": "ok"}'),
        ("/health", (200, b"<html>hello"), "200 <html>hello"),
        ("/health/ready", (503, {"status": "unavailable", "failing": "database"}), '"failing": "database"'),
        ("/schema", (200, {"swagger": "2.0"}), "swagger"),
        ("/schema", (200, []), "200 []"),
        ("/schema", (400, {"detail": "Invalid host"}), "Invalid host"),
        ("/health/ready", (401, {"detail": "token"}), "401"),
        ("/schema", (401, b"proxy"), "401 proxy"),
        ("/lamps", (500, {"detail": "permission denied for table lamps"}), "permission denied"),
    ],
)
def test_a_wrong_answer(serve: Serve, path: str, answer: Any, text: str) -> None:
    with pytest.raises(SmokeFailedError, match=f"{path} gave a wrong response") as failure:
        smoke.smoke_test(serve({**GOOD, path: answer}), timeout=0.05, show=lambda _: None)
    assert text in failure.value.details[0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid", "not-a-url"])
def test_nobody_answers(url: str) -> None:
    with pytest.raises(SmokeUnreachableError, match="could not be reached from here"):
        smoke.smoke_test(url, timeout=0.05, show=lambda _: None)
