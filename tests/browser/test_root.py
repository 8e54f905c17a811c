"""The root page links to each resource, and each resource links back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_from_the_root_to_a_resource_and_back(page: Page) -> None:
    page.goto("/")
    root = page.url
    page.get_by_role("link", name="/gadgets").click()
    page.wait_for_url("**/gadgets")
    page.locator(".navbar-brand").click()
    page.wait_for_url(root)
    page.get_by_role("link", name="/gadgets").wait_for()
    assert page.evaluate("fetch('/favicon.ico').then(response => response.status)") == 200
