"""The request id, which is on every response as X-Request-ID and on every log line of the request."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from itemsvc.core import routes
from itemsvc.core.logs import request_id

HEADER = "X-Request-ID"

# These characters are safe in a header, a log line and a shell. All common formats of ids fit.
WELL_FORMED = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
# `Root=1-67891233-abcdef012345678912345678` in X-Amzn-Trace-Id, as an Application Load Balancer sends it.
TRACE_ROOT = re.compile(r"(?:^|;)\s*+Root=(1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24})")


def choose(environ: Mapping[str, Any]) -> str:
    """The client's id if it is well formed, or else the load balancer's trace id, or else a new id."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    if WELL_FORMED.fullmatch(given):
        return given
    trace = TRACE_ROOT.search(environ.get("HTTP_X_AMZN_TRACE_ID", ""))
    return trace[1] if trace else new()


def new() -> str:
    """A random UUID (RFC 9562, version 4). The id is not secret, so it needs no system call for secure bits."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


class RequestIDMiddleware:
    """Sets X-Request-ID. It is the outermost middleware, so that every response has the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response with its X-Request-ID."""
        # The id is not reset afterwards, because a stream is sent later in the same thread and may log. The thread's
        # next request sets its own id.
        identifier = choose(request.META)
        request_id.set(identifier)
        response = self.get_response(request)
        response[HEADER] = identifier
        return response

    def process_view(self, request: HttpRequest, *args: Any) -> None:
        """Leaves the route in the environ, for metrics and traces."""
        if request.resolver_match:
            request.META[routes.KEY] = routes.template(request.resolver_match.route)
