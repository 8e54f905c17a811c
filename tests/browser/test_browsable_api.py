"""The browsable API: pages, and forms that send JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.witness import Witness
from tests.support.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

pytestmark = pytest.mark.browser

UNICODE = 'Zoë’s "Ω" <b>\\ 🦊'


def post_form(page: Page) -> Locator:
    """The form of the list's "HTML form" tab."""
    return page.locator("#post-object-form")


def field(form: Locator, name: str) -> Locator:
    """An input by its name, because DRF's labels do not name their inputs."""
    return form.locator(f"[name={name}]")


def shown(page: Page, status: str) -> str:
    """Waits for a response with this status and returns its text on the page."""
    page.locator(".response-info b").filter(has_text=f"HTTP {status}").wait_for()
    return page.locator(".response-info").inner_text()


def shown_names(page: Page) -> list[str]:
    """The names of the gadgets on the page."""
    text = shown(page, "200 OK")
    return [gadget["name"] for gadget in json.loads(text[text.index("\n[") :])]


def make(service: Service, *names: str) -> list[str]:
    """Makes the gadgets in this order and returns their ids."""
    return [service.post("/gadgets", json={"name": name, "description": "made"}).json()["id"] for name in names]


def test_is_styled(page: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    make(service, "a gadget")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  (Playwright takes no built-in)
    page.goto("/gadgets")
    screenshot(page, "gadgets")

    stylesheets = [answer for answer in answers if answer.request.resource_type == "stylesheet"]
    assert len(stylesheets) >= 4
    assert {answer.status for answer in stylesheets} == {200}
    colour = "(node) => getComputedStyle(node).backgroundColor"
    assert page.get_by_role("button", name="POST", exact=True).first.evaluate(colour) == "rgb(51, 122, 183)"
    assert page.locator(".navbar").evaluate(colour) == "rgb(44, 44, 44)"
    assert page.get_by_role("link", name="itemsvc").get_attribute("href") == "/"


def test_post_through_the_form(page: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    page.goto("/gadgets")
    field(post_form(page), "name").fill(f"  {UNICODE} ")
    field(post_form(page), "description").fill("two\nlines")
    with page.expect_request(lambda request: request.method == "POST") as posted:
        post_form(page).get_by_role("button", name="POST").click()
    assert UNICODE in shown(page, "201 Created").replace('\\"', '"').replace("\\\\", "\\")
    screenshot(page, "gadgets-posted")

    assert posted.value.headers["content-type"] == "application/json"
    [gadget] = service.get("/gadgets").json()
    assert (gadget["name"], gadget["description"]) == (UNICODE, "two\nlines")
    # The page shows the Location header as a link to the gadget.
    page.get_by_role("link", name=f"/gadgets/{gadget['id']}").click()
    assert gadget["id"] in shown(page, "200 OK")


def test_a_form_sends_numbers(page: Page, service: Service) -> None:
    customer = service.post("/sample/customers", json={"name": "Ann", "email": "ann@example.com"}).json()["id"]
    body = {"customer": customer, "total": "1", "placed_on": "2026-01-31"}
    order = service.post("/sample/orders", json=body).json()
    page.goto("/sample/lines")
    field(post_form(page), "order").select_option(order["id"])
    field(post_form(page), "product").fill("nail")
    field(post_form(page), "quantity").fill("12")
    post_form(page).get_by_role("button", name="POST").click()
    assert '"quantity": 12' in shown(page, "201 Created")


def test_form_errors_stand_beside_their_field(
    page: Page, witness: Witness, service: Service, screenshot: Callable[[Page, str], None]
) -> None:
    page.goto("/gadgets")
    field(post_form(page), "name").fill("x" * 256)
    field(post_form(page), "description").fill("kept")
    post_form(page).get_by_role("button", name="POST").click()
    shown(page, "400 Bad Request")
    screenshot(page, "gadgets-refused")

    groups = post_form(page).locator(".form-group")
    assert "no more than 255 characters" in groups.filter(has=page.locator("[name=name]")).inner_text()
    assert "255" not in groups.filter(has=page.locator("[name=description]")).inner_text()
    assert field(post_form(page), "description").input_value() == "kept"
    witness.expect_refusal(400, "/gadgets")

    # The form on the error page can be corrected and sent again.
    field(post_form(page), "name").fill("short enough")
    post_form(page).get_by_role("button", name="POST").click()
    shown(page, "201 Created")
    assert [gadget["name"] for gadget in service.get("/gadgets").json()] == ["short enough"]


def test_post_raw_data(page: Page, witness: Witness, service: Service) -> None:
    page.goto("/gadgets")
    page.get_by_role("link", name="Raw data").click()
    raw = page.locator("#post-generic-content-form")
    assert json.loads(field(raw, "_content").input_value()) == {"name": "", "description": ""}
    field(raw, "_content").fill('{"name": "raw"}')
    raw.get_by_role("button", name="POST").click()
    shown(page, "201 Created")
    assert [gadget["name"] for gadget in service.get("/gadgets").json()] == ["raw"]

    field(raw, "_content").fill('{"name": "raw", "colour": "red"}')
    raw.get_by_role("button", name="POST").click()
    assert "Unknown field." in shown(page, "400 Bad Request")
    witness.expect_refusal(400, "/gadgets")


def test_put_through_the_form(page: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    [key] = make(service, "before")
    page.goto(f"/gadgets/{key}")
    form = page.locator("#put-object-form")
    assert (field(form, "name").input_value(), field(form, "description").input_value()) == (
        "before",
        "made",
    )
    screenshot(page, "gadget")
    field(form, "name").fill("after")
    form.get_by_role("button", name="PUT").click()
    page.locator(".response-info").filter(has_text='"after"').wait_for()
    gadget = service.get(f"/gadgets/{key}").json()
    assert (gadget["name"], gadget["description"]) == ("after", "made")


def test_patch_raw_data(page: Page, service: Service) -> None:
    [key] = make(service, "kept")
    page.goto(f"/gadgets/{key}")
    page.get_by_role("link", name="Raw data").click()
    raw = page.locator("#put-generic-content-form")
    field(raw, "_content").fill('{"description": "patched"}')
    with page.expect_response(lambda response: response.request.method == "PATCH") as patched:
        raw.get_by_role("button", name="PATCH").click()
    assert patched.value.status == 200
    page.locator(".response-info").filter(has_text='"patched"').wait_for()
    gadget = service.get(f"/gadgets/{key}").json()
    assert (gadget["name"], gadget["description"]) == ("kept", "patched")


def test_delete_asks_first(page: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    [key] = make(service, "to go")
    page.goto(f"/gadgets/{key}")
    page.get_by_role("button", name="DELETE", exact=True).click()
    modal = page.locator("#deleteModal")
    modal.get_by_text("Are you sure").wait_for()
    screenshot(page, "gadget-delete")
    modal.get_by_text("Cancel").click()
    modal.wait_for(state="hidden")
    assert service.get(f"/gadgets/{key}").status_code == 200

    page.get_by_role("button", name="DELETE", exact=True).click()
    modal.locator("form button").click()
    shown(page, "204 No Content")
    assert service.get(f"/gadgets/{key}").status_code == 404


def test_options(page: Page) -> None:
    page.goto("/gadgets")
    page.get_by_role("button", name="OPTIONS").click()
    page.locator(".request-info").filter(has_text="OPTIONS").wait_for()
    shown(page, "200 OK")


def test_filters_leave_out_what_is_empty(page: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    make(service, "one apple", "two pears", "three Apples")
    page.goto("/gadgets")
    page.get_by_role("button", name="Filters").click()
    modal = page.locator("#filtersModal")
    modal.get_by_label("Created after").wait_for()
    screenshot(page, "gadgets-filters")
    modal.get_by_label("Name contains").fill("apple")
    modal.get_by_text("Submit").click()
    page.wait_for_url("**/gadgets?search=apple")
    assert shown_names(page) == ["three Apples", "one apple"]

    # The form shows the current filters, and a link removes them all.
    page.get_by_role("button", name="Filters").click()
    assert modal.get_by_label("Name contains").input_value() == "apple"
    modal.get_by_label("Name contains").fill("")
    modal.get_by_label("Created before").fill("2999-01-01T00:00:00Z")
    modal.get_by_text("Submit").click()
    page.wait_for_url("**/gadgets?created_before=2999*")
    assert len(shown_names(page)) == 3


def test_pages_are_linked(page: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    make(service, "1", "2", "3")
    page.goto("/gadgets?limit=2")
    screenshot(page, "gadgets-pages")
    assert shown_names(page) == ["3", "2"]
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**cursor=**")
    assert shown_names(page) == ["1"]
    page.get_by_role("link", name="Previous page").click()
    page.get_by_role("link", name="Next page").wait_for()
    assert shown_names(page) == ["3", "2"]


def test_one_page_has_no_pager(page: Page, service: Service) -> None:
    make(service, "alone")
    page.goto("/gadgets")
    assert shown_names(page) == ["alone"]
    assert page.locator(".pager").count() == 0


@pytest.mark.parametrize(
    ("path", "status"), [("/gadgets?colour=red", 400), ("/gadgets?cursor=x", 400), ("/gadgets/1", 404)]
)
def test_an_error_is_a_page(page: Page, witness: Witness, path: str, status: int) -> None:
    response = page.goto(path)
    assert response
    assert response.status == status
    assert page.locator("body").inner_text().strip()
    witness.expect_refusal(status, path.partition("?")[0])
