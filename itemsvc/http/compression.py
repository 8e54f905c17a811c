"""GZIP: large JSON answers are compressed for clients that take gzip."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

#: How the tag of a compressed answer ends; without that it is the tag of the same answer in plain.
MARK = '-gzip"'
HAD = "itemsvc.http.compression.had"


class JSONGZipMiddleware(GZipMiddleware):
    """Django's, for JSON that is no stream, with entity tags that a write can be decided by.

    Django makes the tag weak, and no weak tag ever fits `If-Match`. Here a compressed answer has a strong tag of its
    own, which differs by its ending, and a view is told of the tag without that ending. The padding that Django adds
    against BREACH changes the bytes and not the tag: no client can notice, since no ranges are served.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Hides from the views that there are two forms of an answer."""
        request.META[HAD] = request.META.get("HTTP_IF_NONE_MATCH", "")
        for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
            if name in request.META:
                request.META[name] = request.META[name].replace(MARK, '"')

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response, compressed if that is worth it."""
        tag = response.get("ETag", "")
        marked = tag.removesuffix('"') + MARK
        if response.status_code == 304:
            patch_vary_headers(response, ("Accept-Encoding",))
            if marked in request.META[HAD]:
                response["ETag"] = marked
                del response["Content-Length"]  # Of the form that the client does not have.
            return response
        if response.streaming or "json" not in response.get("Content-Type", ""):
            return response  # A stream's first row would wait for the compressor's buffer to fill.
        response = super().process_response(request, response)
        if tag and response.get("Content-Encoding") == "gzip":
            response["ETag"] = marked
        return response
