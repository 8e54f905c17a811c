"""Who calls, as far as the network tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"


def client_address(environ: Mapping[str, Any]) -> str:
    """The caller's address as the nearest trusted proxy saw it; the peer's own without a proxy; `-` where unknown."""
    forwarded = environ.get(FORWARDED_FOR)
    if forwarded and (proxies := settings.NUM_PROXIES):
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        if hops:
            return str(hops[-min(proxies, len(hops))])
    return str(environ.get("REMOTE_ADDR") or "-")
