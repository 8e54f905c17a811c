"""Content negotiation as RFC 9110 has it: quality values in Accept, and no coded bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework.exceptions import NotAcceptable, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.utils.mediatypes import _MediaType as MediaType

#: A quality value (RFC 9110, section 12.4.2). Any other text counts as none.
QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
HAS_QUALITY = re.compile(r";\s*q\s*=", re.IGNORECASE)


class UnsupportedCoding(UnsupportedMediaType):
    """415: the body has a Content-Encoding. The response says in Accept-Encoding that there may be none."""

    accept_encoding = "identity"

    def __init__(self, coding: str):
        super().__init__(coding, f'Unsupported Content-Encoding "{coding}" in request.')


class ContentNegotiation(DefaultContentNegotiation):
    """Django REST Framework's, which knows neither quality values nor codings."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """The parser for the body, or None; raises UnsupportedCoding for a body that is compressed."""
        coding = request.META.get("HTTP_CONTENT_ENCODING", "").strip()
        if coding.lower() not in ("", "identity"):
            raise UnsupportedCoding(coding)
        return super().select_parser(request, parsers)

    def select_renderer(self, request: Request, renderers: Iterable[Any], format_suffix: Any = None) -> Any:
        """The renderer with the highest quality, and its media type; raises NotAcceptable (section 12.5.1).

        Among renderers with the same quality the framework chooses: the one that the client names most exactly.
        """
        if not HAS_QUALITY.search(request.META.get("HTTP_ACCEPT", "")):
            return super().select_renderer(request, renderers, format_suffix)
        renderers = [*renderers]
        ranges = [MediaType(text) for text in self.get_accept_list(request)]
        qualities = [_quality_of(renderer, ranges) for renderer in renderers]
        best = max(qualities, default=0.0)
        if not best:
            raise NotAcceptable(available_renderers=renderers)
        chosen = [each for each, quality in zip(renderers, qualities, strict=True) if quality == best]
        return super().select_renderer(request, chosen, format_suffix)


def _quality_of(renderer: Any, ranges: Sequence[MediaType]) -> float:
    """That of the most exact range which matches; 0 if the client does not accept the media type."""
    offered = MediaType(renderer.media_type)
    found = [(each.precedence, _quality(each)) for each in ranges if offered.match(each)]
    return max(found, default=(0, 0.0))[1]


def _quality(accepted: MediaType) -> float:
    text = accepted.params.get("q", "")
    return float(text) if QUALITY.fullmatch(text) else 1.0
