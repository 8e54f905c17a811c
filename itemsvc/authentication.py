"""Who calls: the caller of a verified token, or else an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from itemsvc.clients import client_address

#: Where the WSGI environ has the caller once its token is verified; no header of a client can get there.
CALLER = "itemsvc.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a verified token names, and what it allows; DRF's `request.user`."""

    subject: str
    scopes: frozenset[str]
    is_authenticated: bool = True

    def __str__(self) -> str:
        return self.subject


def caller(request: HttpRequest | Request | Mapping[str, Any]) -> str:
    """What tells one caller from another, from a request or its WSGI environ: at most 300 characters.

    `sub:…` with the subject of the verified token; `address:…` where there is none, as with `API_AUTH=none`.
    """
    environ: Mapping[str, Any] = request if isinstance(request, Mapping) else request.META
    verified: Caller | None = environ.get(CALLER)
    return f"sub:{verified.subject}" if verified else f"address:{client_address(environ)}"
