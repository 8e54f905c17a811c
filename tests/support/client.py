"""Django's test client with a check of every response against the schema."""

from __future__ import annotations

from typing import Any

from django.test import Client as DjangoClient

from tests.support import openapi


class Client(DjangoClient):
    """A client that encodes `data` as JSON unless it gets a content type."""

    def __init__(self, schema: openapi.Schema):
        super().__init__(raise_request_exception=False)
        self.schema = schema

    def generic(self, method: str, path: str, data: Any = "", *args: Any, **kwargs: Any) -> Any:
        """Sends a request and checks the response against the schema."""
        response = super().generic(method, path, data, *args, **kwargs)
        self.schema.judge(method, path, response.status_code, dict(response.items()), self._content(response))
        return response

    @staticmethod
    def _content(response: Any) -> bytes:
        if not response.streaming:
            return bytes(response.content)
        # A stream can be read only once, so the test gets a copy.
        content = b"".join(response.streaming_content)
        response.streaming_content = [content]
        return content

    def post(self, path: str, data: Any = None, content_type: str = "application/json", **kwargs: Any) -> Any:
        return super().post(path, {} if data is None else data, content_type=content_type, **kwargs)
