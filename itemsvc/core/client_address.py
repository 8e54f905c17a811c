"""The address of the client: the only module that reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings

NUM_PROXIES = settings.NUM_PROXIES

UNKNOWN = "unknown"
#: A name that a proxy writes in place of an address (RFC 7239, section 6.3).
OBFUSCATED = re.compile(r"_[A-Za-z0-9._-]{1,63}")
#: The longest node: an IPv6 address with a zone, brackets, quotes and a port.
MAX_LENGTH = 128


def client_address(environ: Mapping[str, Any]) -> str:
    """The address that the outermost trusted proxy saw, or the peer's own address, as ``normalised`` writes it."""
    peer: str = environ.get("REMOTE_ADDR", "")
    hops: list[str] = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    node = hops[-min(NUM_PROXIES, len(hops))] if NUM_PROXIES and hops else peer
    return normalised(node) if len(node) <= MAX_LENGTH else UNKNOWN


@lru_cache(maxsize=4096)
def normalised(node: str) -> str:
    """One text for each client: an address without port and zone, or an obfuscated name; else `unknown`.

    An IPv4-mapped address (`::ffff:192.0.2.1`) is the IPv4 address, because a socket for both kinds shows it so.
    """
    host = _without_port(node.strip('"'))
    try:
        address = ip_address(host)
    except ValueError:
        return host if OBFUSCATED.fullmatch(host) else UNKNOWN
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address)))  # The number has no zone.


def _without_port(node: str) -> str:
    """`192.0.2.1:80`, `[2001:db8::1]:80` and `_name:_port` without the port; IPv6 without brackets has none."""
    if node.startswith("["):
        return node[1:].partition("]")[0]
    return node.partition(":")[0] if node.count(":") == 1 else node


@lru_cache(maxsize=4096)
def network(address: str, bits: int = 64) -> str:
    """The IPv6 network of a normalised address, because one subscriber has all its addresses; others unchanged."""
    return str(IPv6Network((address, bits), strict=False)) if ":" in address else address
