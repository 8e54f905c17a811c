"""Files in forms (`multipart/form-data`), for a view that lists DRF's ``MultiPartParser`` among its `parser_classes`:

parser_classes = (MultiPartParser, StrictJSONParser)
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler


class LimitedUploadHandler(MemoryFileUploadHandler):
    """Keeps files in memory, because the file system may be read-only. The body is in memory already.

    Django does not count files towards its limit for a body.
    """

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None  # noqa: N803
    ) -> None:  # fmt: skip
        """Raises RequestDataTooBig above MAX_BODY_BYTES; the response is 413."""
        if content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        self.activated = True
