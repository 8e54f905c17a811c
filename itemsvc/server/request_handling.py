"""One request, from its bytes to its response; runs in a thread."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.wsgi import _make_early_hints_callback, create

from itemsvc.server.connection import CLIENT_TIMEOUT, ClientGoneError, ClientTooSlowError, Connection
from itemsvc.server.containment import ContainedWorker
from itemsvc.server.fast_parser import PlainRequest
from itemsvc.server.probe import answer_probe, is_probe
from itemsvc.server.request_buffer import HEAD_BYTES, HEAD_END
from itemsvc.server.response import BufferedResponse


class RequestHandlingWorker(ContainedWorker):
    """Calls the application, as gunicorn's threaded worker does."""

    def handle(self, connection: Connection) -> bool:
        """Answers one request; returns whether the connection may bring another one."""
        request: Any = connection.plain
        try:
            if request:
                keep = self.handle_request(request, connection)
            elif request := self._parse(connection):
                keep = self.handle_request(request, connection) and connection.parser.finish_body()
            else:
                return False
            connection.sock.end()
        except ClientTooSlowError:
            self.log.info("A client took longer than %s s; its connection is closed.", CLIENT_TIMEOUT)
            return False
        except (NoMoreData, ClientGoneError):
            return False
        except BaseException as error:
            if self.quitting:
                raise
            self.handle_error(request, connection.sock, connection.client, error)
            return False
        return keep and not connection.arrived.exhausted

    def _parse(self, connection: Connection) -> Any:
        try:
            request = connection.take_message()
        except NoMoreData:
            if HEAD_END in connection.arrived.data:
                raise
            raise LimitRequestHeaders(f"more than {HEAD_BYTES} bytes") from None
        if request and not connection.whole:
            request.force_close()
        return request

    def handle_request(self, request: Any, connection: Connection) -> bool:
        """Calls the application; returns whether the connection may bring another request."""
        began = time.perf_counter()
        environ: dict[str, Any] = {}
        response: BufferedResponse | None = None
        try:
            self.cfg.pre_request(self, request)
            application, response, environ = self._prepare(request, connection)
            self._count(response)
            _send(application(environ, response.start_response), response)
        except BaseException as error:
            if isinstance(error, NoMoreData | ClientGoneError) or not (response and response.headers_sent):
                raise
            self.report(f"Error while {request.method} {request.path} was being answered")
            return False
        finally:
            if response and response.headers_sent:
                self.attempt(self.log.log_access, response, environ, time.perf_counter() - began)
            self.attempt(self.cfg.post_request, self, request, environ, response)
        return not response.should_close()

    def _count(self, response: BufferedResponse) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive: bool = False
        # Near the limit, connections end with an announcement, before make_room has to end them without one.
        if not self.alive or not self.cfg.keepalive or self.nr_conns > self.worker_connections * 9 // 10:
            response.force_close()

    def _prepare(self, request: Any, connection: Connection) -> tuple[Any, BufferedResponse, dict[str, Any]]:
        if isinstance(request, PlainRequest):
            application = answer_probe if is_probe(request) else self.wsgi
            response = BufferedResponse(request, connection.sock, self.cfg)
            request.environ["wsgi.early_hints"] = _make_early_hints_callback(request, connection.sock, response)
            return application, response, request.environ
        client, server = connection.client, connection.server
        response, environ = create(request, connection.sock, client, server, self.cfg, BufferedResponse)
        environ["wsgi.multithread"] = True
        return self.wsgi, response, environ


def _send(parts: Iterable[bytes], response: BufferedResponse) -> None:
    try:
        for part in parts:
            response.write(part)
        response.close()
    finally:
        if hasattr(parts, "close"):
            parts.close()
