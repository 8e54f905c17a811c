"""A request's body, read so that it can be read again."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings

# Beyond it, parsing costs more than the way here; what is too large at all, the ordinary way says.
BODY_BYTES = min(64 * 1024, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def read_body(environ: dict[str, Any]) -> bytes | None:
    """A whole, small JSON body, which stays in the environ for the ordinary way; None for any other one."""
    length = environ.get("CONTENT_LENGTH", "")
    if environ.get("CONTENT_TYPE") != "application/json" or not length.isdecimal() or int(length) > BODY_BYTES:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body if len(body) == int(length) else None
