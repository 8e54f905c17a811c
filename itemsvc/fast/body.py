"""Reads a request's body so that it can be read again."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings

from itemsvc.fast.negotiation import JSON_BODY

# Parsing a larger body costs more than the fast path saves. DRF's path refuses one above MAX_BODY_BYTES.
BODY_BYTES = min(64 * 1024, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def read_body(environ: dict[str, Any]) -> bytes | None:
    """A complete JSON body of at most ``BODY_BYTES``, else None; DRF's path can read it again from the environ."""
    length = environ.get("CONTENT_LENGTH", "")
    if not JSON_BODY.fullmatch(environ.get("CONTENT_TYPE", "")) or not length.isdecimal() or int(length) > BODY_BYTES:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body if len(body) == int(length) else None
