"""The number of the admin's queries does not grow with the number of rows."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.sample.models import Gadget

# These tests count queries in this process, so they need no Chromium.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static", "admin_enabled")]

PAGES = (
    "/admin/sample/gadget/",
    "/admin/sample/gadget/?q=gadget",
    "/admin/sample/gadget/?created_at__year=2025",
    "/admin/",
)


@pytest.fixture
def admin() -> Client:
    """A signed-in client."""
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client


def count(client: Client, path: str) -> int:
    """The number of queries of a page."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", PAGES)
def test_as_many_for_many_rows_as_for_one(admin: Client, path: str) -> None:
    Gadget.objects.create(name="gadget 0")
    for_one = count(admin, path)
    Gadget.objects.bulk_create(Gadget(name=f"gadget {number}") for number in range(1, 90))
    assert count(admin, path) == for_one <= 8


def test_one_item(admin: Client) -> None:
    gadget = Gadget.objects.create(name="gadget")
    assert count(admin, f"/admin/sample/gadget/{gadget.pk}/change/") <= 5
