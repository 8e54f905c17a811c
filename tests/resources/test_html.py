"""The browsable API's and the admin's pages of every shape of resource."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client as DjangoClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from itemsvc.http.renderers import HTMLFormRenderer
from tests.resources.readings import ReadingSerializer
from tests.resources.shapes import SHAPES, Post, Shape
from tests.sample.models import Customer, Order
from tests.support.client import Client

HTML = {"accept": "text/html"}
MODELS = {"gadgets": "gadget", "receipts": "order", "notes": "comment"}


def test_the_list_and_a_row_can_be_browsed(api: Client, shape: Shape, post: Post) -> None:
    row = shape.make(post)
    for path in (shape.path, f"{shape.path}/{row['id']}"):
        page = api.get(path, headers=HTML)
        assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert str(row["id"]) in page.content.decode()
        for name in set(shape.changes) - {"lines", "tags"}:  # DRF draws no input for a list.
            assert f'name="{name}"' in page.content.decode()
    refused = api.post(shape.path, {"colour": "red"}, headers=HTML)
    assert refused.status_code == 400
    assert "Unknown field." in refused.content.decode()


@pytest.mark.parametrize(("customers", "listed"), [(50, True), (51, False)])
def test_a_form_lists_no_more_than_some_tens_of_rows(api: Client, customers: int, listed: bool) -> None:
    Customer.objects.bulk_create(
        Customer(name=f"Ann {number}", email=f"{number}@example.com") for number in range(customers)
    )
    made = [*Customer.objects.all()]
    order = Order.objects.create(customer=made[7], total="1.50", placed_on="2026-01-31")
    for path in ("/sample/orders", "/sample/receipts", f"/sample/orders/{order.pk}"):
        page = api.get(path, headers=HTML).content.decode()
        assert page.count(f'<option value="{made[0].pk}"') == listed, path
        assert bool(re.search(r'<input [^>]*name="customer"[^>]*type="text"', page)) is not listed, path
    assert listed or f'value="{made[7].pk}"' in page


def test_the_rows_of_a_list_are_links(api: Client, shape: Shape, post: Post) -> None:
    row = shape.make(post)
    url = f"{shape.path}/{row['id']}"
    assert f'<a href="{url}">{row["id"]}</a>' in api.get(shape.path, headers=HTML).content.decode()
    assert f'<a href="{url}">{row["id"]}</a>' not in api.get(url, headers=HTML).content.decode()


def test_a_text_that_looks_like_a_row_is_none(api: Client) -> None:
    name = '",\n        "id": "0"<b>&quot;id&quot;: 5'
    api.post("/gadgets", {"name": name})
    page = api.get("/gadgets", headers=HTML).content.decode()
    assert page.count('<a href="/gadgets/') == 1
    assert "<b>&" not in page


def test_a_page_shows_the_tag_of_the_json(api: Client, post: Post) -> None:
    url = f"/gadgets/{SHAPES['/gadgets'].make(post)['id']}"
    page, tag = api.get(url, headers=HTML), api.get(url)["ETag"]
    assert f'<b>ETag:</b> <span class="lit">{escape(tag)}</span>' in page.content.decode()
    assert "ETag" not in page
    assert "<b>ETag:</b>" not in api.get("/gadgets/none", headers=HTML).content.decode()


def test_filtering_keeps_the_pages_size_and_order(api: Client) -> None:
    page = api.get("/gadgets?limit=7&ordering=created_at", headers=HTML).content.decode()
    assert '<input type="hidden" name="limit" value="7">' in page
    assert '<input type="hidden" name="ordering" value="created_at">' in page
    assert 'type="hidden" name="limit"' not in api.get("/gadgets", headers=HTML).content.decode()


def test_options_that_are_numbers_are_sent_as_numbers(db: None) -> None:
    form = HTMLFormRenderer().render(ReadingSerializer().data, renderer_context={})
    for name in ("grade", "line"):
        assert f'name="{name}" data-type="number"' in form
    assert 'name="slug" data-type' not in form


@pytest.fixture
def operator(db: None, admin_enabled: None, static_files: None, settings: Any) -> DjangoClient:
    """A browser that is signed in."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client = DjangoClient()
    client.force_login(User.objects.create_superuser("operator"))
    return client


def test_the_admin_lists_shows_changes_and_deletes(
    operator: DjangoClient, api: Client, shape: Shape, post: Post
) -> None:
    row = shape.make(post)
    name = shape.path.rpartition("/")[2]
    base = f"/admin/sample/{MODELS.get(name, name.removesuffix('s'))}/"
    assert str(row["id"]) in operator.get(base).content.decode()
    page = operator.get(f"{base}{row['id']}/change/")
    assert page.status_code == 200
    form = {name: value for name, value in page.context["adminform"].form.initial.items() if value is not None}
    form = {name: ",".join(value) if isinstance(value, list) else value for name, value in form.items()}
    form |= {"details": "{}"} if "details" in form else {}
    saved = operator.post(f"{base}{row['id']}/change/", form)
    assert saved.status_code == 302, saved.context["errors"]
    assert api.get(f"{shape.path}/{row['id']}").json() == row
    assert operator.post(f"{base}{row['id']}/delete/", {"post": "yes"}).status_code == 302
    assert api.get(f"{shape.path}/{row['id']}").status_code == 404


def test_the_admin_reads_no_table_to_choose_from(operator: DjangoClient, api: Client, post: Post) -> None:
    Customer.objects.bulk_create(Customer(name="Ann", email=f"{n}@example.com") for n in range(30))
    with CaptureQueriesContext(connection) as queries:
        page = operator.get("/admin/sample/order/add/")
    assert page.status_code == 200
    assert not [each for each in queries if "sample_customer" in each["sql"]]
    body = SHAPES["/sample/orders"].make_body(post)
    saved = operator.post("/admin/sample/order/add/", body | {"status": "open", "details": "{}", "tags": "a,b"})
    assert saved.status_code == 302, saved.context["errors"]
    assert Order.objects.get().tags == ["a", "b"]
