"""The address of the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

NUM_PROXIES = settings.NUM_PROXIES


def client_address(environ: Mapping[str, Any]) -> str:
    """The address that the outermost trusted proxy saw, or the peer's own address; `-` if it is unknown."""
    peer: str = environ.get("REMOTE_ADDR") or "-"
    hops: list[str] = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    return hops[-min(NUM_PROXIES, len(hops))] if NUM_PROXIES and hops else peer
