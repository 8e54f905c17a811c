"""With `API_AUTH=oidc`, every path except the root, the health checks and the page of `/docs` needs a bearer token."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from itemsvc.auth.authentication import CALLER, CHALLENGE, bearer_token, challenge
from itemsvc.auth.tokens import InvalidTokenError, IssuerUnavailableError
from itemsvc.http.errors import error

RETRY_AFTER_SECONDS = 5
# An earlier middleware answers `/health`.
# `/docs` is the same page for everybody. It asks for a token with which it loads `/schema`.
PUBLIC_PATHS = frozenset({"/", "/health/ready", "/docs"})


class BearerTokenMiddleware:
    """Refuses requests without a valid token, before Django looks for a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        if settings.API_AUTH == "none":
            raise MiddlewareNotUsed
        from itemsvc.auth.oidc import verify  # noqa: PLC0415  (loads 10 MB of cryptography)

        self.get_response, self.verify = get_response, verify

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response; 401 without a valid token, 503 if the issuer's keys cannot be fetched."""
        if CALLER not in request.META and not is_public(request.path_info):
            try:
                token = bearer_token(request.META)
                if token is None:
                    return unauthorized("A bearer token is required.", CHALLENGE)
                request.META[CALLER] = self.verify(token)
            except InvalidTokenError as problem:
                return unauthorized(str(problem), challenge("invalid_token", str(problem)))
            except IssuerUnavailableError:
                return error(503, "The token issuer does not answer. Try again shortly.", RETRY_AFTER_SECONDS)
        return self.get_response(request)


def is_public(path: str) -> bool:
    """Whether the path needs no token. The admin has its own login."""
    of_admin = settings.ADMIN_ENABLED and (path == "/admin" or path.startswith("/admin/"))
    return of_admin or path in PUBLIC_PATHS


def unauthorized(detail: str, header: str) -> JsonResponse:
    """401 with the WWW-Authenticate header ``header``."""
    response = error(401, detail)
    response["WWW-Authenticate"] = header
    return response
