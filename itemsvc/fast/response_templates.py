"""Status and headers that all responses of one operation share, as the middleware makes them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from itemsvc.http import request_ids
from itemsvc.http.handler import PROTOTYPE, Handler
from itemsvc.http.header_block import SharedHeaders
from itemsvc.resources.plan.operations import Operation

Environ = dict[str, Any]

#: Headers that differ in every response, so they are not part of a template.
OWN_HEADERS = frozenset({"content-length", request_ids.HEADER.lower()})
#: The largest number of templates kept: one for each operation, status, host and scheme.
MAX_TEMPLATES = 1024


@dataclass(frozen=True)
class ResponseTemplate:
    """The status line, the shared headers, and the scheme and host that addresses begin with."""

    status: str
    headers: SharedHeaders
    base: str


class ResponseTemplates:
    """The templates by operation, status, host and scheme.

    Each is made once, by sending an empty response through the middleware. There is none for a host that the
    middleware refuses or a scheme that it redirects.
    """

    def __init__(self, handler: Handler):
        self._handler = handler
        self._templates: dict[tuple[Hashable, ...], ResponseTemplate] = {}

    def get(self, environ: Environ, operation: Operation, status: int) -> ResponseTemplate | None:
        """The template for an operation's answers with this status; None if the middleware answers itself."""
        key = (
            operation,
            status,
            environ.get("HTTP_HOST"),
            environ.get("HTTP_X_FORWARDED_PROTO"),
            environ["wsgi.url_scheme"],
            environ["SERVER_PORT"],
        )
        template = self._templates.get(key)
        if template is None and (template := self._make(environ, operation.response(status, HttpResponse))):
            self._remember(key, template)
        return template

    def _remember(self, key: tuple[Hashable, ...], template: ResponseTemplate) -> None:
        if len(self._templates) >= MAX_TEMPLATES:
            self._templates.clear()
        self._templates[key] = template

    def _make(self, environ: Environ, prototype: HttpResponse) -> ResponseTemplate | None:
        request = self._handler.request_class({**environ, PROTOTYPE: prototype})
        response = self._handler.get_response(request)
        if response is not prototype or response.cookies:
            return None
        return _template(response, request.build_absolute_uri("/").removesuffix("/"))


def _template(response: HttpResponseBase, base: str) -> ResponseTemplate:
    headers = [(name, value) for name, value in response.items() if name.lower() not in OWN_HEADERS]
    return ResponseTemplate(f"{response.status_code} {response.reason_phrase}", SharedHeaders(headers), base)
