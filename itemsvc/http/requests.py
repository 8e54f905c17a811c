"""Django's request, stricter about bodies that end early and about malformed media types."""

from __future__ import annotations

import codecs
import contextlib
from functools import lru_cache
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import UnreadablePostError
from django.utils.http import parse_header_parameters

#: Replaces a malformed media type. No view supports it, so the response is 415 for a body and 406 for `Accept`.
MALFORMED = "malformed"


class Request(WSGIRequest):
    """Replaces malformed media types. Django's parser would raise an error for them, and the response would be 500."""

    def __init__(self, environ: dict[str, Any]):
        if not parses(environ.get("CONTENT_TYPE", "")):
            environ["CONTENT_TYPE"] = MALFORMED
        types = environ.get("HTTP_ACCEPT", "").split(",")
        good = [each for each in types if parses(each.strip())]
        if len(good) < len(types):
            environ["HTTP_ACCEPT"] = ",".join(good) or MALFORMED
        super().__init__(environ)
        length = environ.get("CONTENT_LENGTH") or ""
        self._missing = int(length) if length.isdecimal() else 0

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        """Part of the body. Raises UnreadablePostError if the body ends before its Content-Length.

        A body that was cut off may still be valid JSON or a valid form.
        """
        part: bytes = super().read(*args, **kwargs)
        self._missing -= len(part)
        wanted = args[0] if args else -1
        ended = wanted is None or wanted < 0 or len(part) < wanted
        if ended and self._missing > 0:
            raise UnreadablePostError("The body is shorter than its Content-Length.")
        return part


@lru_cache(maxsize=256)
def parses(media_type: str) -> bool:
    """Whether Django can parse it and look up its charset. The body's parser refuses an unknown charset."""
    try:
        _, parameters = parse_header_parameters(media_type)
    except (LookupError, ValueError):
        return False
    with contextlib.suppress(LookupError):
        try:
            codecs.lookup(parameters.get("charset", "utf-8"))
        except ValueError:
            return False
    return True
