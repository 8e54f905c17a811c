"""No page sends requests to another host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PUBLIC_HOST
from tests.support.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_under_a_public_name(open_page: Callable[[str], Page], start_service: Callable[..., Service]) -> None:
    # Swagger UI calls its online validator only when it is not on localhost. `open_page` checks every request.
    service = start_service(ALLOWED_HOSTS=f"{PUBLIC_HOST},127.0.0.1", ADMIN_ENABLED="true")
    page = open_page(f"http://{PUBLIC_HOST}:{service.port}")
    for path, sign in (("/gadgets", ".response-info"), ("/docs", ".opblock"), ("/admin/", "#login-form")):
        page.goto(path, wait_until="networkidle")
        page.locator(sign).first.wait_for()
