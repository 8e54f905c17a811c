"""The request id: on every response as X-Request-ID, and on every log line of that request."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from itemsvc import routes
from itemsvc.logs import request_id

HEADER = "X-Request-ID"

# Safe in a header, a log line and a shell, and long enough for every common id format.
WELL_FORMED = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
# `Root=1-67891233-abcdef012345678912345678` in X-Amzn-Trace-Id, as an Application Load Balancer sends it.
TRACE_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24})")


def choose(environ: Mapping[str, Any]) -> str:
    """The caller's id if it is well formed, else the load balancer's trace id, else a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    if WELL_FORMED.fullmatch(given):
        return str(given)
    trace = TRACE_ROOT.search(environ.get("HTTP_X_AMZN_TRACE_ID", ""))
    # It need not be secret, so it need not cost a call of the kernel; a forked process starts from a seed of its own.
    return trace.group(1) if trace else str(uuid.UUID(int=random.getrandbits(128), version=4))


class RequestIDMiddleware:
    """Outermost, so that every response, an error's included, carries the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response with its X-Request-ID."""
        # Not reset afterwards: a streamed body and its log lines come after this returns, in the same thread,
        # and the thread's next request overwrites it.
        identifier = choose(request.META)
        request_id.set(identifier)
        response = self.get_response(request)
        response[HEADER] = identifier
        return response

    def process_view(self, request: HttpRequest, *args: Any) -> None:
        """Leaves the route where metrics and traces look for it; here, for a middleware of its own would cost more."""
        if request.resolver_match:
            request.META[routes.KEY] = routes.template(request.resolver_match.route)
