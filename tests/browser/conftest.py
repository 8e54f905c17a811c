"""Headless Chromium on the real service, and a witness that records its requests and errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.witness import Witness
from tests.support.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: A host name other than localhost, because some scripts call other hosts only when they are not on localhost.
PUBLIC_HOST = "itemsvc.example"

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
# These options stop the browser's own requests, and switch off features that a container lacks.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {PUBLIC_HOST} 127.0.0.1",
)
VIEWPORT = {"width": 1280, "height": 900}


# The scope is the module, because Django refuses database access in every test while Playwright's event loop runs.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium under Playwright."""
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        pytest.skip("Chromium is missing: apt install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is missing: pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def witnesses() -> dict[Page, Witness]:
    """The witnesses of every page that the test opened."""
    return {}


@pytest.fixture
def open_page(chromium: Browser, witnesses: dict[Page, Witness]) -> Iterator[Callable[[str], Page]]:
    """Opens a page in a fresh profile. At the end each page must have had no errors and no requests to other hosts."""

    def open_on(base: str) -> Page:
        context = chromium.new_context(base_url=base, viewport=VIEWPORT, reduced_motion="reduce")
        context.set_default_timeout(20_000)
        witness, page = Witness(context, base), context.new_page()
        witnesses[page] = witness
        return page

    yield open_on
    for page in witnesses:
        page.context.close()
    for witness in witnesses.values():
        witness.testify()


@pytest.fixture
def page(open_page: Callable[[str], Page], service: Service) -> Page:
    """A page on the service with an empty table."""
    return open_page(service.url)


@pytest.fixture
def witness(page: Page, witnesses: dict[Page, Witness]) -> Witness:
    """That page's."""
    return witnesses[page]


@pytest.fixture
def screenshot(artefacts: Path) -> Callable[[Page, str], None]:
    """Saves a picture of the page as `<name>.png`."""

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=artefacts / f"{name}.png", full_page=True)

    return keep
