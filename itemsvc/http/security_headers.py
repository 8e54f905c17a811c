"""Headers that restrict what a browser may do, in addition to those of Django's own middleware."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

#: For a response that is no page: it may load nothing.
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
#: For the browsable API, the documentation and the admin: the service's own files, and images in style sheets.
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: For every response.
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class SecurityHeadersMiddleware(MiddlewareMixin):
    """Runs outside of Django's own middleware, so that the responses to their exceptions have the headers too."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response with its headers."""
        if response.status_code == 301 and request.method not in ("GET", "HEAD"):
            response.status_code = 308  # Clients would repeat the request as a GET.
        page = response.get("Content-Type", "").startswith("text/html")
        response["Content-Security-Policy"] = PAGE if page else NO_PAGE
        for name, value in ALWAYS.items():
            response[name] = value
        return response
