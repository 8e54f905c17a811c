"""Compresses large JSON responses, if the setting GZIP is on and the client accepts gzip."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

#: The end of a compressed response's entity tag. Without it, the tag is the uncompressed response's.
MARK = '-gzip"'
IF_NONE_MATCH = "itemsvc.http.compression.if_none_match"


class JSONGZipMiddleware(GZipMiddleware):
    """Django's GZipMiddleware for JSON, with entity tags that work in `If-Match`.

    Django makes the tag weak, and `If-Match` never matches a weak tag. Here a compressed response has its own strong
    tag, which ends with ``MARK``. Views see tags without this end. Django adds random padding against BREACH, so equal
    tags may have different bytes; that matters only for ranges, which the service does not serve.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Removes ``MARK`` from the tags in the request's headers."""
        request.META[IF_NONE_MATCH] = request.META.get("HTTP_IF_NONE_MATCH", "")
        for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
            if name in request.META:
                request.META[name] = request.META[name].replace(MARK, '"')

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response, compressed if it is large JSON and no stream."""
        tag = response.get("ETag", "")
        marked = tag.removesuffix('"') + MARK
        if response.status_code == 304:
            patch_vary_headers(response, ("Accept-Encoding",))
            if marked in request.META[IF_NONE_MATCH]:
                response["ETag"] = marked
                del response["Content-Length"]  # It is the length of the uncompressed response.
            return response
        if response.streaming or "json" not in response.get("Content-Type", ""):
            return response  # In a stream, the first row would wait until the compressor's buffer is full.
        response = super().process_response(request, response)
        if tag and response.get("Content-Encoding") == "gzip":
            response["ETag"] = marked
        return response
