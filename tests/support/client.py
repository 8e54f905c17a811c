"""Django's test client, with every response held against the schema."""

from __future__ import annotations

from typing import Any

from django.test import Client as DjangoClient

from tests.support import openapi


class Client(DjangoClient):
    """JSON in, JSON out: the `data` of a post is encoded as JSON unless a content type is given."""

    def __init__(self, schema: openapi.Schema):
        super().__init__(raise_request_exception=False)
        self.schema = schema

    def generic(self, method: str, path: str, data: Any = "", *args: Any, **kwargs: Any) -> Any:
        """The response, after the schema's judgement."""
        response = super().generic(method, path, data, *args, **kwargs)
        self.schema.judge(method, path, response.status_code, dict(response.items()), self._content(response))
        return response

    @staticmethod
    def _content(response: Any) -> bytes:
        if not response.streaming:
            return bytes(response.content)
        # Read once here; the test reads it again.
        content = b"".join(response.streaming_content)
        response.streaming_content = [content]
        return content

    def post(self, path: str, data: Any = None, content_type: str = "application/json", **kwargs: Any) -> Any:
        return super().post(path, {} if data is None else data, content_type=content_type, **kwargs)
