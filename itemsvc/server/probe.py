"""`/health` without the application, so that the event loop can answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.security import SecurityMiddleware

from itemsvc.core.capacity import load
from itemsvc.core.logs import request_id as current_request_id
from itemsvc.core.routes import LIVENESS_PATH
from itemsvc.http import liveness, request_ids
from itemsvc.http.header_block import ResponseHeaders, SharedHeaders
from itemsvc.http.security_headers import SecurityHeadersMiddleware


def is_probe(request: Any) -> bool:
    """Whether ``Probe`` answers this request."""
    return request.path == LIVENESS_PATH and request.method in ("GET", "HEAD")


class Probe:
    """A WSGI application with the answers of `LivenessMiddleware`.

    It runs no middleware, because a team's own may wait for a database, and the loop must not wait. The headers of the
    service's own middleware are added here. They are the same for all probes of one scheme.
    """

    def __init__(self) -> None:
        self._scheme, _ = settings.SECURE_PROXY_SSL_HEADER or ("", "")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers GET or HEAD."""
        identifier = request_ids.choose(environ)
        current_request_id.set(identifier)
        status, common, body = _answer(self._scheme, environ.get(self._scheme), load.problem)
        start_response(
            status, ResponseHeaders(common, [(request_ids.HEADER, identifier), ("Content-Length", str(len(body)))])
        )
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


@lru_cache(maxsize=16)
def _answer(name: str, scheme: str | None, problem: str) -> tuple[str, SharedHeaders, bytes]:
    """Status line, common headers and body; ``name`` is the header in which a proxy names the scheme."""
    request = HttpRequest()
    request.method, request.META = "GET", {} if scheme is None else {name: scheme}
    answer = liveness.answer(request)
    secure = SecurityMiddleware(liveness.answer)
    SecurityHeadersMiddleware(liveness.answer).process_response(request, secure.process_response(request, answer))
    headers = SharedHeaders((name, value) for name, value in answer.items() if name != "Content-Length")
    return f"{answer.status_code} {answer.reason_phrase}", headers, answer.content
