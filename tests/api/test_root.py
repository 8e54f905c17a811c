"""`GET /`: what there is, off the URL conf; and the icon that browsers ask for."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import clear_script_prefix, set_script_prefix

from tests.support.client import Client
from tests.support.service import Service

OWN = {
    "schema": "http://testserver/schema",
    "docs": "http://testserver/docs",
    "health": "http://testserver/health",
    "readiness": "http://testserver/health/ready",
}


def test_it_names_each_resource_and_where_it_is(api: Client) -> None:
    links = api.get("/").json()
    resources = {name: links[name] for name in links if name not in OWN}
    sample = ("customers", "orders", "receipts", "lines", "vouchers", "comments")
    assert {"gadgets", *(f"sample/{name}" for name in sample)} <= set(resources)
    assert resources == {name: f"http://testserver/{name}" for name in resources}
    assert {name: links[name] for name in OWN} == OWN
    assert list(links)[-len(OWN) :] == list(OWN)  # A team's own come first.


def test_each_of_its_links_leads_somewhere(api: Client) -> None:
    for url in api.get("/").json().values():
        assert api.get(url.removeprefix("http://testserver")).status_code == 200


@pytest.mark.urls("tests.api.router_urls")
def test_a_viewset_below_a_prefix_appears_by_itself(api: Client) -> None:
    links = api.get("/").json()
    assert links["v1/lines"] == "http://testserver/v1/lines"
    assert not [name for name in links if "greeting" in name or "largest" in name or "{" in name]


@pytest.mark.usefixtures("admin_enabled")
def test_the_admin_is_there_where_it_is(api: Client) -> None:
    assert api.get("/").json()["admin"] == "http://testserver/admin/"


def test_head_options_and_nothing_else(api: Client) -> None:
    assert (api.head("/").status_code, api.head("/").content) == (200, b"")
    assert api.options("/").json()["name"] == "Root"
    for method in ("post", "put", "patch", "delete"):
        assert getattr(api, method)("/").status_code == 405


def test_a_browser_gets_a_page_of_links(api: Client) -> None:
    response = api.get("/", headers={"accept": "text/html"})
    assert response["Content-Type"] == "text/html; charset=utf-8"
    for name in ("gadgets", "schema", "docs", "health"):
        assert f'<a href="http://testserver/{name}" rel="nofollow">' in response.content.decode()


def test_it_knows_the_prefix_that_a_server_has_cut_off(api: Client) -> None:
    set_script_prefix("/shop/")  # As Django's handler does, which the test client goes around.
    try:
        links = api.get("/").json()
    finally:
        clear_script_prefix()
    assert links["gadgets"] == "http://testserver/shop/gadgets"
    assert links["health"] == "http://testserver/shop/health"
    assert links["docs"] == "http://testserver/shop/docs"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_icon_is_there(running_service: Service, method: str) -> None:
    response: Any = running_service.request(method, "/favicon.ico")
    assert response.status_code == 200
    assert response.headers["Content-Type"] in ("image/x-icon", "image/vnd.microsoft.icon")
    assert method == "HEAD" or response.content.startswith(b"\0\0\1\0")
