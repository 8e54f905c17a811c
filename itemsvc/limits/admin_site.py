"""Django's admin, with a limit on guessing passwords."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from itemsvc.core.client_address import client_address
from itemsvc.http.errors import error
from itemsvc.limits import throttle, windows

WINDOW_SECONDS = 15 * 60
#: Attempts in a window: of one address at one account, and of one address at all of them.
ATTEMPTS_AT_ACCOUNT, ATTEMPTS = 10, 50


class AdminSite(admin.AdminSite):
    """As Django's; too many attempts to sign in are refused, whatever the password."""

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The form, or 429 with Retry-After."""
        if request.method == "POST" and (seconds := refused_for(request)):
            response = error(429, f"Too many attempts to sign in. Try again in {seconds} seconds.")
            response["Retry-After"] = str(seconds)
            return response
        return super().login(request, extra_context)


def refused_for(request: HttpRequest) -> int:
    """Counts an attempt; 0 if it may be made, else the seconds until the next one may.

    Counted before the password is looked at, so that attempts made at the same time are counted too, and in whole
    networks where an address is IPv6.
    """
    address = throttle.origin(client_address(request.META))
    # One account, however its name is written: the form takes these for the same.
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
