"""An HTTP server in front of moto. It passes AWS requests on, except those that a test answers itself.

boto3 and the test stack use it through AWS_ENDPOINT_URL, so everything but the response is real.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class FaultError(Exception):
    """An answer raises it to make the gateway respond with an AWS error."""

    def __init__(self, code: str, message: str = "", status: int = 400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores the connection error of an interrupted deploy."""


class Gateway:
    """`answers` maps an action ("RunTask") to a function of the request's JSON. `calls` holds every (action, JSON).

    AWS's clock is `behind` seconds behind this machine's.
    """

    def __init__(self, upstream: str):
        self.upstream = upstream
        self.answers: dict[str, Answer] = {}
        self.raw: dict[str, bytes] = {}
        self.behind = 0.0
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._server = Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def called(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.calls if name == action]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        action, payload = _request(body, headers)
        self.calls.append((action, payload))
        if action in self.raw:
            return 200, {"Content-Type": "text/xml"}, self.raw[action]
        if action not in self.answers:
            return self.forward(body, headers)
        try:
            return 200, {}, json.dumps(self.answers[action](payload), default=str).encode()
        except FaultError as fault:
            return fault.status, {}, _error(fault, headers)

    def forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        request = urllib.request.Request(self.upstream, body, kept)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, dict(response.headers), response.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """moto's response to a JSON action of ECS or SSM."""
        target = "AmazonSSM" if "Parameter" in action else "AmazonEC2ContainerServiceV20141113"
        service = "ssm" if target == "AmazonSSM" else "ecs"
        headers = {
            "X-Amz-Target": f"{target}.{action}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        status, _, body = self.forward(json.dumps(payload).encode(), headers)
        answer: dict[str, Any] = json.loads(body)
        if status != 200:
            raise FaultError(answer.get("__type", "ClientException"), answer.get("message", ""), status)
        return answer


def _request(body: bytes, headers: dict[str, str]) -> tuple[str, dict[str, Any]]:
    target = next((value for name, value in headers.items() if name.lower() == "x-amz-target"), "")
    if target:
        return target.rpartition(".")[2], json.loads(body or b"{}")
    fields = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    return str(fields.get("Action", "")), fields


def _error(fault: FaultError, headers: dict[str, str]) -> bytes:
    if any(name.lower() == "x-amz-target" for name in headers):
        return json.dumps({"__type": fault.code, "message": fault.message}).encode()
    text = f"<Type>Sender</Type><Code>{fault.code}</Code><Message>{fault.message}</Message>"
    return f"<ErrorResponse><Error>{text}</Error><RequestId>1</RequestId></ErrorResponse>".encode()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, answer = gateway.answer(body, dict(self.headers.items()))
            self.send_response(status)
            self.send_header("Content-Type", headers.get("Content-Type", "application/x-amz-json-1.1"))
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) - gateway.behind)

        def log_message(self, *arguments: object) -> None:
            """Keeps stderr quiet."""

    return Handler
