"""The admin: off, or with cookies that stay where they belong and a limit on guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client as DjangoClient
from django.utils import timezone

from itemsvc.limits import admin_site
from tests.support.client import Client
from tests.support.service import Service

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
