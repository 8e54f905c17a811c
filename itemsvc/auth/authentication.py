"""Who calls, and whether a view lets them; the middleware of `bearer.py` has verified the token by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from itemsvc.auth.tokens import Caller, verified
from itemsvc.core.client_address import client_address

if TYPE_CHECKING:
    from rest_framework.views import APIView  # Which imports the default classes, so this module.

#: Where the WSGI environ has the caller once its token is verified; no header of a client can get there.
CALLER = "itemsvc.caller"

CHALLENGE = 'Bearer realm="itemsvc"'


def caller(request: HttpRequest | Request | Mapping[str, Any]) -> str:
    """What tells one caller from another, from a request or its WSGI environ: at most 300 characters.

    `sub:…` with the subject of the verified token; `address:…` where there is none, as with `API_AUTH=none`.
    """
    environ: Mapping[str, Any] = request if isinstance(request, Mapping) else request.META
    found: Caller | None = environ.get(CALLER)
    return f"sub:{found.subject}" if found else f"address:{client_address(environ)}"


def admits(environ: dict[str, Any], scope: str) -> bool:
    """Whether a request certainly may do what needs ``scope``, or "" for none; False where only its token could tell.

    Costs microseconds, and leaves the caller in the environ.
    """
    if not scope:
        return True
    found = verified.get(bearer_token(environ) or "")
    if found is None or scope not in found.scopes:
        return False
    environ[CALLER] = found
    return True


def bearer_token(environ: Mapping[str, Any]) -> str | None:
    """What follows `Authorization: Bearer`; None without that scheme."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def challenge(code: str, description: str, **more: str) -> str:
    """A WWW-Authenticate header (RFC 6750, section 3)."""
    fields = {"error": code, "error_description": description, **more}
    return ", ".join([CHALLENGE, *(f'{name}="{value}"' for name, value in fields.items())])


class BearerToken(BaseAuthentication):
    """Hands DRF what the middleware has verified: `request.user` and `request.auth` are the ``Caller``."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The caller, twice; None on a public path."""
        found = request.META.get(CALLER)
        return (found, found) if found else None

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return CHALLENGE


class InsufficientScope(PermissionDenied):
    """403: the token is good, but not for this."""

    def __init__(self, scope: str):
        super().__init__(f"The token lacks the scope {scope}.")
        #: DRF's exception handler makes it the WWW-Authenticate header.
        self.auth_header = challenge("insufficient_scope", f"The token lacks the scope {scope}.", scope=scope)


def needed_scope(view: APIView, method: str | None) -> str:
    """`RESOURCE:read` for a method that changes nothing, else `RESOURCE:write`, with the view's own `resource`."""
    resource = getattr(view, "resource", "")
    if not resource:
        raise ImproperlyConfigured(f"{type(view).__name__} has no `resource` to name its scopes by.")
    return f"{resource}:{'read' if method in SAFE_METHODS else 'write'}"


class HasScope(BasePermission):
    """The token has the scope that the view asks for with this method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True; False without a token; raises InsufficientScope."""
        if not isinstance(request.user, Caller):
            return False
        scope = needed_scope(view, request.method)
        if scope not in request.user.scopes:
            raise InsufficientScope(scope)
        return True
