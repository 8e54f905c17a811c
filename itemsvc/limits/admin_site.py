"""Django's admin with limits for attempts to sign in."""

from __future__ import annotations

import math
import threading
import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from itemsvc.core.client_address import client_address, network
from itemsvc.http.errors import error
from itemsvc.limits import windows

WINDOW_SECONDS = 15 * 60
#: The attempts in a window of an IPv6 /48, of an address (an IPv6 /64), of an address at one account, and of everybody
#: at one account. The last one is so coarse that nobody can lock an account for others from a single network.
ATTEMPTS_OF_SITE, ATTEMPTS, ATTEMPTS_AT_ACCOUNT, ATTEMPTS_OF_ALL_AT_ACCOUNT = 200, 50, 10, 500

#: A password's hash takes 0.2 s of a CPU, so this process makes one at a time.
hashing = threading.Lock()


def one_hash_at_a_time(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, which answers a form with a password 503 while this process hashes another one."""

    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not any("password" in name for name in request.POST):
            return view(request, *args, **kwargs)
        if not hashing.acquire(blocking=False):
            return error(503, "Another password is being checked. Try again in a second.", 1)
        try:
            return view(request, *args, **kwargs)
        finally:
            hashing.release()

    return limited


class AdminSite(admin.AdminSite):
    """Refuses too many attempts to sign in, even with the right password."""

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """The view for users who are signed in. Some of them change passwords."""
        return one_hash_at_a_time(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The form; 429 or 503 with Retry-After."""
        if request.method == "POST" and (seconds := refused_for(request)):
            return error(429, f"Too many attempts to sign in. Try again in {seconds} seconds.", seconds)
        answer: HttpResponse = one_hash_at_a_time(super().login)(request, extra_context)
        return answer


def refused_for(request: HttpRequest) -> int:
    """Counts an attempt; returns 0 if it is allowed, else the seconds until the next one is.

    An attempt is counted before its password is checked, so that attempts at the same time are counted too. The first
    limit that refuses it ends the count: an address that is refused makes no row for each account that it names.
    """
    address = client_address(request.META)
    own = network(address)
    # Django's form normalises the name in the same way.
    account = unicodedata.normalize("NFKC", request.POST.get("username", "")).strip()
    limits = {
        windows.digest("login", network(address, 48)): ATTEMPTS_OF_SITE,
        windows.digest("login", own): ATTEMPTS,  # IPv4 has this one alone, because its key is the same.
        windows.digest("login at account", own, account): ATTEMPTS_AT_ACCOUNT,
        windows.digest("login of all at account", account): ATTEMPTS_OF_ALL_AT_ACCOUNT,
    }
    for key, limit in limits.items():
        grant = windows.take(key, 1, limit, WINDOW_SECONDS)
        if not grant.count:
            return math.ceil(grant.seconds_left)
    return 0
