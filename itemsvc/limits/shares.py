"""Shares of a process's request threads: no kind of request may take all of them.

What is more than its share is refused at once with 503, so that it does not wait in front of other requests.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import APIException

from itemsvc.http.errors import error

HALF = max(1, settings.THREADS // 2)
#: So many threads may serve requests of all these kinds together.
MOST = max(1, settings.THREADS - 1)
#: A body above this size is a large one.
LARGE_BYTES = 64 * 1024
#: A media type in Accept that is answered with a page.
PAGE = re.compile(r"text/(?:html|\*)", re.IGNORECASE)


class Busy(APIException):
    """503: the requests of this kind have all the threads that they may have. ``wait`` is in seconds."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"

    def __init__(self, kind: str, wait: int):
        super().__init__(f"Too many {kind} are running. Try again shortly.")
        self.wait = wait  # DRF answers it as Retry-After.


class Share:
    """At most ``total`` requests of a kind at the same time, and at most ``of_one`` of one caller."""

    _lock = threading.RLock()  # An abandoned stream may be collected, and give its part back, within it.
    #: How many shares each thread has taken, by its identifier: a page may be a search too.
    _threads: ClassVar[Counter[int]] = Counter()

    def __init__(self, kind: str, total: int = HALF, of_one: int = HALF, wait: int = 1):
        self._kind, self._total, self._of_one, self._wait = kind, total, of_one, wait
        self._callers: Counter[str] = Counter()

    @contextmanager
    def take(self, caller: str = "") -> Iterator[None]:
        """Holds a part of the share; raises Busy."""
        thread = threading.get_ident()
        with self._lock:
            if not self._has_room(caller, thread):
                raise Busy(self._kind, self._wait)
            self._callers[caller] += 1
            self._threads[thread] += 1
        try:
            yield
        finally:
            with self._lock:
                _give_back(self._callers, caller)
                _give_back(self._threads, thread)

    def _has_room(self, caller: str, thread: int) -> bool:
        if self._callers.total() >= self._total or self._callers[caller] >= self._of_one:
            return False
        return thread in self._threads or len(self._threads) < MOST


def _give_back(held: Counter[Any], key: Any) -> None:
    held[key] -= 1
    if not held[key]:
        del held[key]


searches, bulk_requests, pages = Share("searches"), Share("requests with many objects"), Share("pages")
large_bodies = Share("requests with large bodies")
exports = Share("exports", settings.MAX_STREAMS, max(1, settings.MAX_STREAMS // 2), wait=5)


def is_large(environ: Mapping[str, Any]) -> bool:
    """Whether the request has a body that takes long to parse."""
    length: str = environ.get("CONTENT_LENGTH") or ""
    return length.isdecimal() and int(length) > LARGE_BYTES


class ShareMiddleware:
    """Applies the shares of pages, whose rendering takes longer than their query, and of large bodies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response, or 503."""
        kinds = [pages] if PAGE.search(request.META.get("HTTP_ACCEPT", "")) else []
        if is_large(request.META):
            kinds.append(large_bodies)
        try:
            with ExitStack() as held:
                for kind in kinds:
                    held.enter_context(kind.take())
                return self.get_response(request)
        except Busy as busy:
            return error(busy.status_code, str(busy.detail), busy.wait)
