"""The request id: on every response as X-Request-ID, and on every log line of that request."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from itemsvc.core import routes
from itemsvc.core.logs import request_id

HEADER = "X-Request-ID"

# Safe in a header, a log line and a shell, and long enough for every common id format.
WELL_FORMED = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
# `Root=1-67891233-abcdef012345678912345678` in X-Amzn-Trace-Id, as an Application Load Balancer sends it.
TRACE_ROOT = re.compile(r"(?:^|;)\s*+Root=(1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24})")

# Of a UUID's 128 bits the ones that are free, and the version and variant that the others say.
RANDOM_BITS, VERSION_4 = ~(0xF << 76 | 0x3 << 62), 0x4 << 76 | 0x2 << 62


def choose(environ: Mapping[str, Any]) -> str:
    """The caller's id if it is well formed, else the load balancer's trace id, else a new one."""
    given: str | None = environ.get("HTTP_X_REQUEST_ID")
    if given and WELL_FORMED.fullmatch(given):
        return given
    root = environ.get("HTTP_X_AMZN_TRACE_ID")
    trace = TRACE_ROOT.search(root) if root else None
    return trace[1] if trace else new()


def new() -> str:
    """A random UUID (RFC 9562, version 4), without an object of it in between.

    It need not be secret, so it need not cost a call of the kernel; a forked process starts from a seed of its own.
    """
    digits = f"{random.getrandbits(128) & RANDOM_BITS | VERSION_4:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


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
