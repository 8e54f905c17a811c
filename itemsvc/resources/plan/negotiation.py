"""Content negotiation as DRF does it, remembered by the text of the headers that real clients send."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django.http import HttpRequest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from itemsvc.http.renderers import JSONRenderer

#: Longer headers are left to DRF's path, so that clients cannot fill the memory.
MAX_ACCEPT_LENGTH = 300
MAX_REMEMBERED = 256


class Negotiation:
    """Says for one operation which Accept headers select plain JSON."""

    def __init__(self, negotiator: BaseContentNegotiation, renderers: Sequence[BaseRenderer]):
        self._negotiator, self._renderers = negotiator, renderers
        self._remembered = lru_cache(MAX_REMEMBERED)(self._select)

    def selects_json(self, accept: str) -> bool:
        """Whether DRF would answer this Accept header with JSON that is not indented."""
        return len(accept) <= MAX_ACCEPT_LENGTH and self._remembered(accept)

    def _select(self, accept: str) -> bool:
        request = HttpRequest()
        request.META["HTTP_ACCEPT"] = accept
        try:
            renderer, media_type = self._negotiator.select_renderer(Request(request), self._renderers)
        except NotAcceptable:
            return False
        return isinstance(renderer, JSONRenderer) and "indent" not in media_type
