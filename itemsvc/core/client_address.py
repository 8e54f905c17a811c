"""Who calls, as far as the network tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

NUM_PROXIES = settings.NUM_PROXIES
FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"


def client_address(environ: Mapping[str, Any]) -> str:
    """The caller's address as the nearest trusted proxy saw it; the peer's own without a proxy; `-` where unknown."""
    forwarded = environ.get(FORWARDED_FOR)
    address = seen_by_proxies(forwarded) if forwarded and NUM_PROXIES else ""
    return address or environ.get("REMOTE_ADDR") or "-"


def seen_by_proxies(forwarded: str) -> str:
    """The address in an X-Forwarded-For that the outermost trusted proxy wrote; empty where there is none."""
    if "," not in forwarded:
        return forwarded.strip()
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return hops[-min(NUM_PROXIES, len(hops))] if hops else ""
