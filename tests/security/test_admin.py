"""The admin: off, or with cookies that stay where they belong and a limit on guessing."""

from __future__ import annotations

import itertools
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
import requests
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client as DjangoClient
from django.utils import timezone

from itemsvc.limits import admin_site
from itemsvc.limits.models import Window
from tests.support.client import Client
from tests.support.service import Service, wait_until

LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """The real hash is slow, as it should be."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def attempt(username: str = "operator", password: str = "wrong", address: str = "192.0.2.1") -> HttpResponse:
    """One attempt to sign in from that address."""
    form = {"username": username, "password": password}
    return DjangoClient(REMOTE_ADDR=address).post(LOGIN, form)


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/", LOGIN, "/admin/sample/gadget/", "/admin/jsi18n/", "/admin/r/1/1/"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_off_by_default(api: Client, method: str, path: str) -> None:
    response = getattr(api, method)(path)
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


def test_without_it_no_cookie_is_set_and_none_is_read(api: Client) -> None:
    api.cookies["sessionid"] = "forged"
    for path in ("/gadgets", "/docs", "/schema", "/health", "/nope"):
        response = api.get(path, headers={"accept": "text/html, */*"})
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_guessing_at_an_account_ends_even_with_the_right_password() -> None:
    User.objects.create_superuser("operator", password="right")
    statuses = [attempt().status_code for _ in range(admin_site.ATTEMPTS_AT_ACCOUNT)]
    assert statuses == [200] * admin_site.ATTEMPTS_AT_ACCOUNT
    refused = attempt(password="right")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= admin_site.WINDOW_SECONDS
    assert refused.json()["detail"].startswith("Too many attempts to sign in.")
    # However the account's name is written; and nobody else is locked out.
    assert attempt(username="\uff4fperator ").status_code == 429
    assert attempt(address="192.0.2.2", password="right").status_code == 302
    assert attempt(username="other").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_an_address_that_is_refused_makes_no_rows_and_no_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_site, "ATTEMPTS", 2)
    assert [attempt(f"user-{number}").status_code for number in range(3)] == [200, 200, 429]
    rows = Window.objects.count()
    monkeypatch.setattr(MD5PasswordHasher, "encode", None)  # It is called for an unknown user too.
    assert {attempt(f"other-{number}").status_code for number in range(10)} == {429}
    assert Window.objects.count() == rows


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_guessing_at_an_account_from_many_networks_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_site, "ATTEMPTS_OF_ALL_AT_ACCOUNT", 3)
    statuses = [attempt(address=f"192.0.2.{number}").status_code for number in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert attempt("other", address="192.0.2.3").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_one_network_cannot_lock_an_account_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its own limits refuse does not count at the account."""
    assert admin_site.ATTEMPTS_OF_SITE < admin_site.ATTEMPTS_OF_ALL_AT_ACCOUNT
    monkeypatch.setattr(admin_site, "ATTEMPTS_AT_ACCOUNT", 2)
    monkeypatch.setattr(admin_site, "ATTEMPTS_OF_ALL_AT_ACCOUNT", 3)
    assert [attempt().status_code for _ in range(5)] == [200, 200, 429, 429, 429]
    assert attempt(address="192.0.2.2").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_a_site_of_ipv6_has_a_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_site, "ATTEMPTS_OF_SITE", 3)
    addresses = [f"2001:db8:0:{number:x}::1" for number in range(4)]
    assert [attempt(f"user-{each}", address=each).status_code for each in addresses] == [200, 200, 200, 429]
    assert attempt(address="2001:db8:1::1").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_a_process_hashes_one_password_at_a_time() -> None:
    with admin_site.hashing:
        refused = attempt()
        assert DjangoClient().get(LOGIN).status_code == 200
    assert (refused.status_code, refused["Retry-After"]) == (503, "1")
    assert attempt().status_code == 200
    assert attempt().status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
@pytest.mark.parametrize("page", ["password_change/", "auth/user/add/", "auth/user/1/password/"])
def test_a_change_of_a_password_takes_its_turn_too(page: str) -> None:
    client = DjangoClient()
    client.force_login(User.objects.create_superuser("operator", password="right"))
    form = {"password1": "long-enough-7", "password2": "long-enough-7"}
    with admin_site.hashing:
        refused = client.post(f"/admin/{page}", form)
        assert client.get("/admin/").status_code == 200
    assert (refused.status_code, refused["Retry-After"]) == (503, "1")
    assert client.post(f"/admin/{page}", form).status_code != 503


@pytest.mark.slow
def test_guessing_does_not_slow_the_others_down(start_service: Callable[..., Service]) -> None:
    """Eight clients that have an address for each attempt; the hash is the real one."""
    service = start_service(ADMIN_ENABLED="true", NUM_PROXIES="1")
    ended, statuses = threading.Event(), Counter[int]()

    def guess(client: int) -> None:
        form = {"username": "operator", "password": "wrong", "csrfmiddlewaretoken": "x" * 32}
        for number in itertools.count():
            if ended.is_set():
                return
            headers = {
                "X-Forwarded-For": f"10.{client}.{number // 250}.{number % 250}",
                "Cookie": f"csrftoken={'x' * 32}",
            }
            statuses[requests.post(service.url + LOGIN, form, headers=headers, timeout=30).status_code] += 1

    def ask() -> float:
        began = time.monotonic()
        assert service.get("/gadgets").status_code == 200
        return time.monotonic() - began

    with ThreadPoolExecutor(8) as clients:
        guesses = [clients.submit(guess, client) for client in range(8)]
        try:
            wait_until(lambda: statuses[200] and statuses[503], "a guess and a refusal")
            waits = [ask() for _ in range(100)]
        finally:
            ended.set()
        for each in guesses:
            each.result()
    assert set(statuses) <= {200, 429, 503}
    assert statistics.median(waits) < 0.5


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_guessing_at_many_accounts_ends_too() -> None:
    addresses = [f"2001:db8::{number:x}" for number in range(admin_site.ATTEMPTS + 1)]
    statuses = [attempt(f"user-{address}", address=address).status_code for address in addresses]
    assert statuses == [200] * admin_site.ATTEMPTS + [429]


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
def test_a_session_ends_after_a_working_day_and_with_the_browser() -> None:
    User.objects.create_superuser("operator", password="right")
    cookie = attempt(password="right").cookies["sessionid"]
    assert cookie["max-age"] == cookie["expires"] == ""
    kept = Session.objects.get(pk=cookie.value).expire_date - timezone.now()
    assert timedelta(hours=7) < kept <= timedelta(hours=8)


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled", "static_files")
@pytest.mark.parametrize(
    ("after", "place"),
    [("/admin/sample/gadget/", "/admin/sample/gadget/"), ("https://evil.example/", "/admin/"),
     ("//evil.example", "/admin/"), ("javascript:alert(1)", "/admin/"), ("", "/admin/"), ("\n", "/admin/")],
)  # fmt: skip
def test_a_login_leads_nowhere_else(after: str, place: str) -> None:
    User.objects.create_superuser("operator", password="right")
    form = {"username": "operator", "password": "right", "next": after}
    signed_in = DjangoClient().post(LOGIN, form)
    assert (signed_in.status_code, signed_in["Location"]) == (302, place)


@pytest.mark.slow
def test_cookies_behind_https(start_service: Callable[..., Service]) -> None:
    service = start_service(ADMIN_ENABLED="true", HTTPS_ONLY="true", NUM_PROXIES="1")
    account = {"DJANGO_SUPERUSER_USERNAME": "operator", "DJANGO_SUPERUSER_PASSWORD": "right"}
    service.environment |= account | {"DJANGO_SUPERUSER_EMAIL": "operator@example.com"}
    service.manage("createsuperuser", "--noinput", check=True)
    https = {"X-Forwarded-Proto": "https", "Referer": f"https://127.0.0.1:{service.port}{LOGIN}"}

    page = service.get(LOGIN, headers=https)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text).group(1)
    form = {"username": "operator", "password": "right", "csrfmiddlewaretoken": token}
    cookies = {"Cookie": page.headers["Set-Cookie"].partition(";")[0]}
    signed_in = requests.post(
        service.url + LOGIN, data=form, headers=https | cookies, allow_redirects=False, timeout=30
    )
    assert signed_in.status_code == 302
    for response, name in ((page, "__Host-csrftoken"), (signed_in, "__Host-sessionid")):
        morsel = next(m for header in response.raw.headers.getlist("Set-Cookie") for m in SimpleCookie(header).values()
                      if m.key == name)  # fmt: skip
        assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Strict")
        assert (morsel["path"], morsel["domain"]) == ("/", "")
