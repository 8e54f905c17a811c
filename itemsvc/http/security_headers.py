"""What every response forbids a browser, beside what Django's own middleware sets."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

#: For what is no page: data that a browser has been led to, which may load and do nothing.
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
#: For the browsable API, the documentation and the admin: the service's own files, and pictures within a style sheet.
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: What every response has, whatever it is.
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class SecurityHeadersMiddleware:
    """Outside of Django's own, which are not asked about a response to an exception that one of them raised."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response with its headers."""
        response = self.get_response(request)
        headers = response.headers
        page = headers.get("Content-Type", "").startswith("text/html")
        headers["Content-Security-Policy"] = PAGE if page else NO_PAGE
        for name, value in ALWAYS.items():
            headers[name] = value
        return response
