"""Neither the number of the admin's queries nor what each one reads grows with the number of rows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from itemsvc.resources.admin_pages import COUNTED, MAX_PAGES
from tests.sample.models import Gadget
from tests.support.plans import nodes

# These tests count queries in this process, so they need no Chromium.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files", "admin_enabled")]

PAGES = (
    "/admin/sample/gadget/",
    "/admin/sample/gadget/?q=gadget",
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


# -- A large table -----------------------------------------------------------------------------------------------------

ROWS = 60_000
MANY = """
    INSERT INTO sample_gadget (name, description)
    SELECT 'gadget no. ' || number, '' FROM generate_series(1, %s) number
"""


@pytest.fixture
def large(transactional_db: None) -> None:
    """A table of gadgets, as PostgreSQL knows it after its own ANALYZE."""
    with connection.cursor() as cursor:
        cursor.execute(MANY, [ROWS])
        cursor.execute("ANALYZE sample_gadget")


def read(plan: dict[str, Any]) -> int:
    """The number of rows that a statement read from tables and indexes."""
    return sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes(plan)
        if "Scan" in node["Node Type"]
    )


def rows_read(client: Client, path: str) -> tuple[str, int]:
    """A page, and the number of rows that its statement with the most of them read."""
    with CaptureQueriesContext(connection) as queries:
        page = client.get(path)
    assert page.status_code == 200
    most = 0
    with connection.cursor() as cursor:
        for statement in (query["sql"] for query in queries if query["sql"].startswith("SELECT")):
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.replace("%", "%%"), [])
            most = max(most, read(cursor.fetchone()[0][0]["Plan"]))
    return page.content.decode(), most


@pytest.mark.usefixtures("large")
def test_what_a_page_reads_does_not_grow_with_the_table(admin: Client) -> None:
    page, _ = rows_read(admin, "/admin/sample/gadget/")
    sorted_by = set(re.findall(r'"(\?o=[^"]+)"', page))
    assert sorted_by
    for path in (
        "",
        "?q=gadget",
        f"?q=no. {ROWS - 7}",
        "?q=nowhere",
        "?q=zz",
        f"?p={MAX_PAGES}",
        "?o=2",
        "?o=-2",
        *sorted_by,
    ):
        _, most = rows_read(admin, f"/admin/sample/gadget/{path}")
        assert most <= 100 * MAX_PAGES + COUNTED, path


@pytest.mark.usefixtures("large")
def test_many_rows_are_about_so_many_and_few_are_counted(admin: Client) -> None:
    page, _ = rows_read(admin, "/admin/sample/gadget/")
    [about] = [line for line in page.splitlines() if line.startswith("about ")]
    assert ROWS * 0.9 < int(about.split()[1].replace(",", "")) < ROWS * 1.1
    assert f"?p={MAX_PAGES}" in page
    assert f"?p={MAX_PAGES + 1}" not in page
    page, _ = rows_read(admin, "/admin/sample/gadget/?q=no. 5999")
    assert "\n16 gadgets\n" in page
