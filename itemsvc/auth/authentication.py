"""The caller of a request, and DRF's authentication and permission. `bearer.py` verifies tokens before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from itemsvc.auth.tokens import Caller, verified
from itemsvc.core.client_address import client_address, network

if TYPE_CHECKING:
    from rest_framework.views import APIView  # It imports the default classes, and so this module.

#: The key of the caller in the WSGI environ. A client's header cannot have this key.
CALLER = "itemsvc.caller"

CHALLENGE = 'Bearer realm="itemsvc"'


def caller(request: HttpRequest | Request | Mapping[str, Any]) -> str:
    """The identity of a request's caller; takes a request or its WSGI environ.

    With a token it is `sub:…`, or `client_id:…` if the token has no subject. Without a token it is `address:…` with
    the client's address, or its network of IPv6 (`address:2001:db8::/64`). It has at most 300 characters.
    """
    environ: Mapping[str, Any] = request if isinstance(request, Mapping) else request.META
    return subject(environ) or f"address:{network(client_address(environ))}"


def subject(environ: Mapping[str, Any]) -> str | None:
    """`sub:…` or `client_id:…` from the verified token; None without a token."""
    found: Caller | None = environ.get(CALLER)
    return f"{found.claim}:{found.subject}" if found else None


def admits(environ: dict[str, Any], scope: str) -> bool:
    """Whether the request's token was verified lately and has the scope. Puts the caller into the environ.

    True without a token if ``scope`` is "". False means that the middleware must verify the token.
    """
    if not scope:
        return True
    found = verified.get(bearer_token(environ) or "")
    if found is None or scope not in found.scopes:
        return False
    environ[CALLER] = found
    return True


def bearer_token(environ: Mapping[str, Any]) -> str | None:
    """The token in `Authorization: Bearer TOKEN`; None if the scheme is another one."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def challenge(code: str, description: str, **more: str) -> str:
    """A WWW-Authenticate header (RFC 6750, section 3)."""
    fields = {"error": code, "error_description": description, **more}
    return ", ".join([CHALLENGE, *(f'{name}="{value}"' for name, value in fields.items())])


class BearerToken(BaseAuthentication):
    """Gives DRF the caller whose token the middleware has verified."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The caller as `request.user` and as `request.auth`; None on a public path."""
        found = request.META.get(CALLER)
        return (found, found) if found else None

    def authenticate_header(self, request: Request) -> str:
        """The WWW-Authenticate header of a 401."""
        return CHALLENGE


class InsufficientScope(PermissionDenied):
    """403: the token is valid, but lacks a scope."""

    def __init__(self, scope: str):
        super().__init__(f"The token lacks the scope {scope}.")
        #: DRF's exception handler sends it as the WWW-Authenticate header.
        self.auth_header = challenge("insufficient_scope", f"The token lacks the scope {scope}.", scope=scope)


def needed_scope(view: APIView, method: str | None) -> str:
    """`RESOURCE:read` for a method that changes nothing, else `RESOURCE:write`; RESOURCE is the view's attribute.

    Without that attribute no token can have the scope: raises PermissionDenied.
    """
    resource = getattr(view, "resource", "")
    if not resource:
        raise PermissionDenied("No token has a scope for this view, because the view names no `resource`.")
    return f"{resource}:{'read' if method in SAFE_METHODS else 'write'}"


class HasScope(BasePermission):
    """Permits a request if its token has the scope for the view and the method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """False without a token; raises PermissionDenied if the token lacks the scope."""
        if not isinstance(request.user, Caller):
            return False
        scope = needed_scope(view, request.method)
        if scope not in request.user.scopes:
            raise InsufficientScope(scope)
        return True
