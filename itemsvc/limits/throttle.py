"""RATE_LIMIT: how many requests a caller may make, in all processes and tasks together.

Each process leases a block of permits from the caller's window in PostgreSQL, and then uses them without asking the
database again. docs/decisions/12-security.md says how exact this is.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.throttling import BaseThrottle

from itemsvc.auth.authentication import caller
from itemsvc.limits import windows

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView  # It imports the default throttles, and so this module.

RATE_LIMIT = settings.RATE_LIMIT
#: The key in the WSGI environ that says that the request has a permit already.
ADMITTED = "itemsvc.admitted"
#: A block is the limit divided by this number.
BLOCKS = 20
#: The number of leases that a process keeps.
MAX_LEASES = 10_000


@dataclass(slots=True)
class Lease:
    """The permits that this process still has for a caller's window."""

    ends_at: datetime
    deadline: float  # In monotonic seconds of this process; never later than ends_at.
    left: int
    is_last: bool  # Whether the window has no more permits.


leases: dict[str, Lease] = {}
lock = threading.Lock()


def admits(environ: dict[str, Any]) -> bool:
    """Whether the request has or gets a permit without asking the database. False means that ``wait`` must decide.

    A request is counted once, even if this is called several times.
    """
    if RATE_LIMIT is None or ADMITTED in environ:
        return True
    name = caller(environ)
    with lock:
        lease = leases.get(name)
        if lease is None or lease.left < 1 or lease.deadline <= monotonic():
            return False
        lease.left -= 1
    environ[ADMITTED] = True
    return True


def wait(environ: dict[str, Any]) -> float:
    """0 if the request is admitted, else the seconds until its caller may try again.

    Raises django.db.DatabaseError.
    """
    name = caller(environ)
    while RATE_LIMIT and not admits(environ):
        lease = leases.get(name)
        if lease and lease.is_last and lease.left < 1 and (seconds := lease.deadline - monotonic()) > 0:
            return seconds
        extend(name, *RATE_LIMIT)
    return 0


def extend(name: str, limit: int, seconds: int) -> None:
    """Leases another block for a caller."""
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
    """Removes the leases that have ended. If there are none, removes all; each caller then loses part of a block."""
    now = monotonic()
    for name in [name for name, lease in leases.items() if lease.deadline <= now] or [*leases]:
        del leases[name]


class CallerThrottle(BaseThrottle):
    """Applies RATE_LIMIT in DRF's path."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the request is admitted."""
        self.seconds = wait(request.META)
        return not self.seconds

    def wait(self) -> float:
        """The seconds for Retry-After."""
        return self.seconds
