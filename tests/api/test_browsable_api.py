"""The browsable API's HTML; tests/browser has what a person does with it."""

from __future__ import annotations

import html
import re

import pytest

from tests.support.client import Client

HTML = {"accept": "text/html"}


def test_the_list_has_a_form_although_only_json_is_parsed(api: Client) -> None:
    response = api.get("/gadgets", headers=HTML)
    assert response["Content-Type"].startswith("text/html")
    for part in (b'id="post-object-form"', b'name="description"', b"json-forms", b"rest_framework/css/bootstrap.min."):
        assert part in response.content


def test_pages_lead_there_and_back(api: Client) -> None:
    for name in ("first", "second", "third"):
        api.post("/gadgets", {"name": name})
    first = api.get("/gadgets?limit=1")
    following = re.search("<(.+?)>", first["Link"]).group(1)

    def links(url: str) -> dict[str, str]:
        page = api.get(url, headers=HTML).content.decode()
        return {relation: url for url, relation in re.findall(r'<a href="([^"#]+)" rel="(prev|next)"', page)}

    assert set(links("/gadgets?limit=1")) == {"next"}
    there = links(following)
    assert set(there) == {"prev", "next"}
    assert api.get(html.unescape(there["prev"])).json() == first.json()
    assert api.get(html.unescape(there["next"])).json()[0]["name"] == "first"


def test_a_page_that_is_all_has_no_links_to_others(api: Client) -> None:
    api.post("/gadgets", {"name": "lamp"})
    assert b'class="pager"' not in api.get("/gadgets", headers=HTML).content


@pytest.mark.parametrize("part", [b'data-method="PUT"', b'data-method="DELETE"', b'data-method="PATCH"'])
def test_a_gadget_can_be_changed_and_deleted(api: Client, part: bytes) -> None:
    gadget = api.post("/gadgets", {"name": "lamp"}).json()
    assert part in api.get(f"/gadgets/{gadget['id']}", headers=HTML).content


def test_drawing_the_form_does_not_make_form_bodies_welcome(api: Client) -> None:
    api.get("/gadgets", headers=HTML)
    response = api.post("/gadgets", "name=a", content_type="application/x-www-form-urlencoded", headers=HTML)
    assert response.status_code == 415


def test_a_refused_gadget_is_shown_with_its_reason(api: Client) -> None:
    response = api.post("/gadgets", {"name": ""}, headers=HTML)
    assert response.status_code == 400
    assert b"This field may not be blank." in response.content
