"""Everybody can read and use the pages: with a screen reader, on a phone, in a dark scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.accessibility import findings
from tests.browser.witness import Witness
from tests.support.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/gadgets", "/gadgets/{id}", "/sample/orders", "/docs"])
def test_a_page_has_no_serious_fault(page: Page, service: Service, path: str) -> None:
    gadget = service.post("/gadgets", json={"name": "unbroken" * 25, "description": "a line\n" * 5}).json()
    assert findings(page, path.format(**gadget)) == []


def test_an_error_has_no_serious_fault(page: Page, witness: Witness) -> None:
    assert findings(page, "/gadgets?limit=0") == []
    for _ in range(4):
        witness.expect_refusal(400, "/gadgets")
