"""Django's request, which refuses a body that ended early, and takes a malformed media type for an unsupported one."""

from __future__ import annotations

import codecs
import contextlib
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import UnreadablePostError
from django.utils.http import parse_header_parameters

#: What stands for it: a body of this type is answered with 415, and nothing of this type can be had (406).
MALFORMED = "malformed"
#: These parse, and are most of what is sent.
USUAL = frozenset({"", "application/json", "*/*", "application/json, text/plain, */*"})


class Request(WSGIRequest):
    """Django's parser of header parameters raises LookupError and ValueError, which would be a 500 or worse."""

    def __init__(self, environ: dict[str, Any]):
        if not parses(environ.get("CONTENT_TYPE", "")):
            environ["CONTENT_TYPE"] = MALFORMED
        accept = environ.get("HTTP_ACCEPT", "")
        if accept not in USUAL:
            types = accept.split(",")
            good = [each for each in types if parses(each.strip())]
            if len(good) < len(types):
                environ["HTTP_ACCEPT"] = ",".join(good) or MALFORMED
        super().__init__(environ)
        length = environ.get("CONTENT_LENGTH") or ""
        self._missing = int(length) if length.isdecimal() else 0

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        """Part of the body; raises UnreadablePostError at its end if it is shorter than its Content-Length.

        What has arrived may well be valid JSON, or a file in a form.
        """
        part: bytes = super().read(*args, **kwargs)
        self._missing -= len(part)
        wanted = args[0] if args else -1
        ended = wanted is None or wanted < 0 or len(part) < wanted
        if ended and self._missing > 0:
            raise UnreadablePostError("The body is shorter than its Content-Length.")
        return part


def parses(media_type: str) -> bool:
    """Whether Django can parse it, and look its charset up; an unknown charset is its parser's to refuse."""
    if media_type in USUAL:
        return True
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
