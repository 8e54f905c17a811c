"""Django's admin with a limit for attempts to sign in."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from itemsvc.core.client_address import client_address, network
from itemsvc.http.errors import error
from itemsvc.limits import windows

WINDOW_SECONDS = 15 * 60
#: The attempts of one address in a window, for one account and for all accounts.
ATTEMPTS_AT_ACCOUNT, ATTEMPTS = 10, 50


class AdminSite(admin.AdminSite):
    """Refuses too many attempts to sign in, even with the right password."""

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The form, or 429 with Retry-After."""
        if request.method == "POST" and (seconds := refused_for(request)):
            return error(429, f"Too many attempts to sign in. Try again in {seconds} seconds.", seconds)
        return super().login(request, extra_context)


def refused_for(request: HttpRequest) -> int:
    """Counts an attempt; returns 0 if it is allowed, else the seconds until the next one is.

    An attempt is counted before its password is checked, so that attempts at the same time are counted too. IPv6
    addresses of one network count together.
    """
    address = network(client_address(request.META))
    # Django's form normalises the name in the same way.
    account = unicodedata.normalize("NFKC", request.POST.get("username", "")).strip()
    keys = {
        windows.digest("login at account", address, account): ATTEMPTS_AT_ACCOUNT,
        windows.digest("login", address): ATTEMPTS,
    }
    for key, limit in keys.items():
        grant = windows.take(key, 1, limit, WINDOW_SECONDS)
        if not grant.count:
            return math.ceil(grant.seconds_left)
    return 0
