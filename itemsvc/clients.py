"""Who calls, as far as the network tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"


def client_address(environ: Mapping[str, Any]) -> str:
    """The caller's address as the nearest trusted proxy saw it; the peer's own without a proxy; `-` where unknown."""
    hops = [hop.strip() for hop in environ.get(FORWARDED_FOR, "").split(",") if hop.strip()]
    if settings.NUM_PROXIES and hops:
        return str(hops[-min(settings.NUM_PROXIES, len(hops))])
    return str(environ.get("REMOTE_ADDR") or "-")
