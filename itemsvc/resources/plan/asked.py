"""What an operation gets from a door, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings

from itemsvc.http import parsers

#: The media types whose body an operation can read.
JSON_BODY = re.compile(r"application/json(?: *; *charset=(?:utf-?8|\"utf-?8\"))?", re.ASCII | re.IGNORECASE)
# Parsing a larger body costs more than a plan saves. DRF's path refuses one above MAX_BODY_BYTES.
BODY_BYTES = min(64 * 1024, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

#: The key in the WSGI environ of a request that an operation was asked for, so that no other door asks again.
ASKED = "itemsvc.asked"

Header = tuple[str, str]


@dataclass(slots=True)
class Asked:
    """A request.

    ``environ`` is its WSGI environ, ``path`` its path, ``address`` a list's URL, ``key`` the text of a primary key.
    ``read`` returns as many bytes of the body as there are, up to a number; DRF's path can read them again.
    ``fetch`` has the parameters of ``DatabaseWrapper.fetch``.
    """

    environ: dict[str, Any]
    path: str
    address: str
    key: str
    read: Callable[[int], bytes]
    fetch: Callable[..., list[Any]]

    def data(self) -> Any:
        """The value of a complete JSON body of at most ``BODY_BYTES``, else None."""
        body = self._body()
        try:
            return None if body is None else parsers.decode(body)
        except (ValueError, RecursionError):
            return None

    def _body(self) -> bytes | None:
        length = self.environ.get("CONTENT_LENGTH") or ""
        if not JSON_BODY.fullmatch(self.environ.get("CONTENT_TYPE", "")) or not length.isdecimal():
            return None
        if int(length) > BODY_BYTES:
            return None
        body = self.read(int(length))
        return body if len(body) == int(length) else None


class Answer(NamedTuple):
    """A response: its body, and the headers that no other response of the operation has.

    ``length`` is its Content-Length if that is not the length of the body.
    """

    body: bytes
    headers: list[Header]
    status: int
    length: int | None = None
