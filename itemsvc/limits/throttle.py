"""RATE_LIMIT: how many requests a caller may make, across all processes and tasks.

Each process leases blocks of permits from the caller's window in PostgreSQL and gives them out itself, so that a
request costs no statement. docs/decisions/12-security.md says how exact that is.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.throttling import BaseThrottle

from itemsvc.auth.authentication import CALLER
from itemsvc.core.client_address import client_address
from itemsvc.limits import windows

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView  # Which imports the default throttles, so this module.

    from itemsvc.auth.tokens import Caller

RATE_LIMIT = settings.RATE_LIMIT
#: Where the WSGI environ has that the request has its permit already.
ADMITTED = "itemsvc.admitted"
#: What part of the limit is leased at once.
BLOCKS = 20
#: Callers whose leases are remembered.
MAX_LEASES = 10_000


@dataclass(slots=True)
class Lease:
    """Permits of one caller's window that this process may still give out."""

    ends_at: datetime
    deadline: float  # On this process's monotonic clock, never after ends_at on the database's.
    left: int
    is_last: bool  # The window has no more.


leases: dict[str, Lease] = {}
lock = threading.Lock()


def admits(environ: dict[str, Any]) -> bool:
    """Whether the request has, or now gets, a permit that this process has at hand; asks no database.

    False says no more than that ``wait`` has to decide. However often it is asked, a request is counted once.
    """
    if RATE_LIMIT is None or ADMITTED in environ:
        return True
    name = name_of(environ)
    with lock:
        lease = leases.get(name)
        if lease is None or lease.left < 1 or lease.deadline <= monotonic():
            return False
        lease.left -= 1
    environ[ADMITTED] = True
    return True


def wait(environ: dict[str, Any]) -> float:
    """0 for a request that is admitted, else the seconds until its caller may try again.

    Raises django.db.DatabaseError: while nothing can be counted, nothing could be served either.
    """
    name = name_of(environ)
    while RATE_LIMIT and not admits(environ):
        lease = leases.get(name)
        if lease and lease.is_last and lease.left < 1 and (seconds := lease.deadline - monotonic()) > 0:
            return seconds
        extend(name, *RATE_LIMIT)
    return 0


def extend(name: str, limit: int, seconds: int) -> None:
    """Leases another block for this caller."""
    wanted, asked_at = max(1, limit // BLOCKS), monotonic()
    grant = windows.take(windows.digest("caller", name), wanted, limit, seconds)
    with lock:
        held = leases.get(name)
        left = held.left if held and held.ends_at == grant.ends_at else 0
        if len(leases) >= MAX_LEASES:
            forget_ended()
        leases[name] = Lease(
            grant.ends_at, asked_at + grant.seconds_left, left + grant.count, is_last=grant.count < wanted
        )


def forget_ended() -> None:
    """Makes room; if every lease still runs, by giving them all up, which their callers pay with a block each."""
    now = monotonic()
    for name in [name for name, lease in leases.items() if lease.deadline <= now] or [*leases]:
        del leases[name]


def name_of(environ: Mapping[str, Any]) -> str:
    """`sub:…` of a token's caller, else where the request comes from."""
    found: Caller | None = environ.get(CALLER)
    return f"sub:{found.subject}" if found else origin(client_address(environ))


def origin(address: str) -> str:
    """`address:…`; `network:…` of IPv6's first 64 bits, since one subscriber has every address with these."""
    return network(address) if ":" in address else f"address:{address}"


@lru_cache(maxsize=1024)
def network(address: str) -> str:
    """`network:…`; what is no IPv6 address is left as it is."""
    try:
        return f"network:{int(IPv6Address(address)) >> 64:x}"
    except AddressValueError:
        return f"address:{address}"


class CallerThrottle(BaseThrottle):
    """DRF's way to ``wait``."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the request is admitted."""
        self.seconds = wait(request.META)
        return not self.seconds

    def wait(self) -> float:
        """Seconds, for Retry-After."""
        return self.seconds
