"""`/docs`: Swagger UI, from the service's own files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.witness import Witness
from tests.support.issuer import Issuer
from tests.support.openapi import Schema
from tests.support.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_lists_every_operation(page: Page, schema: Schema, screenshot: Callable[[Page, str], None]) -> None:
    paths = schema.document["paths"]
    operations = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    page.goto("/docs")
    page.locator(".opblock").nth(len(operations) - 1).wait_for()
    screenshot(page, "docs")
    summaries = page.locator(".opblock-summary")
    shown = {
        f"{method} {path}".replace("\u200b", "")
        for method, path in zip(
            summaries.locator(".opblock-summary-method").all_inner_texts(),
            summaries.locator(".opblock-summary-path").all_inner_texts(),
            strict=True,
        )
    }
    assert shown == operations
    assert {"GET /health", "GET /gadgets", "PATCH /gadgets/{id}"} <= shown
    assert page.locator(".errors-wrapper").count() == 0


def listed(page: Page) -> object:
    """The response when the page executes `GET /gadgets`."""
    operation = page.locator(".opblock-get").filter(has=page.locator('[data-path="/gadgets"]'))
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    live = operation.locator(".live-responses-table")
    live.get_by_text("200").first.wait_for()
    return json.loads(live.locator(".response-col_description pre").first.inner_text())


def test_executes_a_get(page: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    gadget = service.post("/gadgets", json={"name": "from the docs"}).json()
    page.goto("/docs")
    assert listed(page) == [gadget]
    screenshot(page, "docs-executed")


def test_takes_a_token_and_sends_it(
    open_page: Callable[[str], Page], witnesses: dict[Page, Witness], service: Service, secured: Service, issuer: Issuer
) -> None:
    gadget = service.post("/gadgets", json={"name": "behind a token"}).json()
    page = open_page(secured.url)
    page.goto("/docs")
    for number, token in enumerate(("rubbish", issuer.token(scope="openid"))):
        page.get_by_label("Access token").fill(token)
        page.get_by_role("button", name="Show the operations").click()
        if number == 0:
            page.wait_for_load_state("networkidle")
    page.locator(".opblock").first.wait_for()
    assert not page.get_by_label("Access token").is_visible()
    # The operation's own token, with its scope, goes before the one for the document.
    page.get_by_role("button", name="Authorize").click()
    dialog = page.locator(".modal-ux")
    dialog.get_by_role("textbox").fill(issuer.token(scope="gadgets:read"))
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").last.click()
    assert listed(page) == [gadget]
    refused = witnesses[page].refused
    assert set(refused) == {(401, "/schema")}
    refused.clear()
    witnesses[page].errors[:] = [error for error in witnesses[page].errors if "schema request received" not in error]
