"""The service with planted faults. A request's header `X-Raise: STAGE:ERROR` names the place and the exception.

This module patches each stage from outside, so the service needs no code for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from gunicorn.workers import gthread

from itemsvc.observability import access_log, request_statistics
from itemsvc.server import event_loop, fast_parser, request_handling, worker
from itemsvc.wsgi import application as service
from itemsvc.wsgi import django_application
from tests.faults.errors import BAD_STARTS, fail

#: The STAGE:ERROR of the request that this thread serves.
asked: ContextVar[str] = ContextVar("asked", default="")


# -- Around the application --------------------------------------------------------------------------------------------


def before(owner: Any, name: str, stage: str, wanted: Callable[..., str | None]) -> None:
    """Patches a function to fail at its start. ``wanted`` reads STAGE:ERROR from its arguments."""
    original = getattr(owner, name)

    def function(*arguments: Any, **named: Any) -> Any:
        fail(stage, wanted(*arguments))
        return original(*arguments, **named)

    setattr(owner, name, function)


def in_bytes(data: bytes, *rest: Any) -> str:
    return bytes(data).partition(b"X-Raise: ")[2].partition(b"\r\n")[0].decode()


def in_environ(environ: dict[str, Any]) -> str | None:
    return environ.get("HTTP_X_RAISE")


def in_request(request: Any) -> str | None:
    """Reads it from either of the worker's two kinds of request."""
    headers = dict(getattr(request, "headers", ())) | {"X-RAISE": in_environ(getattr(request, "environ", {}))}
    return headers["X-RAISE"] or dict(getattr(request, "headers", ())).get("X-RAISE")


def in_connection(worker: Any, connection: Any, *rest: Any) -> str | None:
    return in_bytes(connection.arrived.data)


before(fast_parser, "read", "request line", in_bytes)
before(request_handling, "create", "environ", lambda request, *rest: in_request(request))
before(request_handling, "BufferedResponse", "response", lambda request, *rest: in_request(request))
before(access_log.AccessLogger, "log_access", "access log", lambda log, response, environ, *rest: in_environ(environ))
before(worker.EventLoopWorker, "handle_error", "handle_error", lambda worker, request, *rest: in_request(request))
before(access_log.AccessLogger, "exception", "logging", lambda *rest: asked.get())
before(event_loop.EventLoop, "finish_request", "finish", in_connection)
before(event_loop.EventLoop, "take", "take", lambda worker, connection, data: in_bytes(data))
before(event_loop.EventLoop, "serve", "thread", in_connection)

request_statistics.observers.append(lambda environ, status, seconds: fail("metrics", in_environ(environ)))
request_statistics.statement_observers.append(lambda *rest: fail("statement", asked.get()))

# Some steps of the event loop belong to no request. The next one fails, once.
pending: list[str] = []


def in_pending(*rest: Any) -> str | None:
    return pending.pop() if pending else None


before(gthread.ThreadWorker, "notify", "tick", in_pending)


# -- Django ------------------------------------------------------------------------------------------------------------


class RaisingRequest(django_application.request_class):  # type: ignore[name-defined,misc]
    """A request whose constructor fails."""

    def __init__(self, environ: dict[str, Any]):
        super().__init__(environ)
        fail("WSGIRequest", in_environ(environ))


django_application.request_class = RaisingRequest


# -- The application ---------------------------------------------------------------------------------------------------


class Parts:
    """A response's parts. It fails at the first or second part, or at its close."""

    def __init__(self, wanted: str | None, parts: Any):
        self._wanted, self._parts, self._number = wanted, parts, 0
        self._iterator = iter(parts)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> bytes:
        self._number += 1
        fail(f"part {self._number}", self._wanted)
        return next(self._iterator)

    def close(self) -> None:
        if hasattr(self._parts, "close"):
            self._parts.close()
        fail("close", self._wanted)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """The service's application with the requested fault."""
    wanted = in_environ(environ)
    asked.set(wanted or "")
    stage, _, rest = (wanted or "").partition(":")
    if stage == "tick":
        pending.append(wanted or "")
    if stage == "start_response":
        start_response(*BAD_STARTS[rest])
    if stage == "no start":
        return [b"something"]
    if stage == "no bytes":
        start_response("200 OK", [("Content-Length", "4")])
        return ["text"]
    if stage == "started twice":
        start_response("200 OK", [])
        start_response("200 OK", [])
    fail("logging", wanted)
    fail("handle_error", wanted)
    fail("application", wanted)
    return Parts(wanted, service(environ, start_response))
