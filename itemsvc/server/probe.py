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

#: The header in which a proxy names the scheme; "" if there is no proxy.
SCHEME, _ = settings.SECURE_PROXY_SSL_HEADER or ("", "")


def is_probe(request: Any) -> bool:
    """Whether ``answer_probe`` answers this request."""
    return request.path == LIVENESS_PATH and request.method in ("GET", "HEAD")


def answer_probe(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application with the answers of `LivenessMiddleware` to GET and HEAD.

    It runs no middleware, because a team's own may wait for a database, and the loop must not wait. The headers of the
    service's own middleware are added here. They are the same for all probes of one scheme.
    """
    identifier = request_ids.choose(environ)
    current_request_id.set(identifier)
    status, common, body = _answer(environ.get(SCHEME), load.problem)
    own = [(request_ids.HEADER, identifier), ("Content-Length", str(len(body)))]
    start_response(status, ResponseHeaders(common, own))
    return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


@lru_cache(maxsize=16)
def _answer(scheme: str | None, problem: str) -> tuple[str, SharedHeaders, bytes]:
    """Status line, common headers and body; ``scheme`` is what a proxy says."""
    request = HttpRequest()
    request.method, request.META = "GET", {} if scheme is None else {SCHEME: scheme}
    answer = liveness.answer(request)
    secure = SecurityMiddleware(liveness.answer)
    SecurityHeadersMiddleware(liveness.answer).process_response(request, secure.process_response(request, answer))
    headers = SharedHeaders((name, value) for name, value in answer.items() if name != "Content-Length")
    return f"{answer.status_code} {answer.reason_phrase}", headers, answer.content
