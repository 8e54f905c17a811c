"""Chromium, headless, on the real service, and a witness to what it asked for and complained about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.witness import Witness
from tests.support.service import Service, collect_static

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: A host that is not this machine's by name: some scripts ask nobody else only while they are on localhost.
PUBLIC_HOST = "itemsvc.example"

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
# The browser's own errands, which are no request of a page's, and what a container lacks.
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


# A module's, not the session's: while Playwright's event loop runs, Django refuses the database to every other test.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium under Playwright."""
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        pytest.skip("no Chromium here: apt install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def witnesses() -> dict[Page, Witness]:
    """Of every page that the test opened."""
    return {}


@pytest.fixture
def open_page(chromium: Browser, witnesses: dict[Page, Witness]) -> Iterator[Callable[[str], Page]]:
    """Opens a page of a fresh profile on that address; afterwards each must have kept to its host, without errors."""

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
    """Keeps what the page looks like as `<name>.png`."""

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=artefacts / f"{name}.png", full_page=True)

    return keep


@pytest.fixture(scope="session")
def collected_static() -> None:
    """The static files, for pages that Django's test client asks for."""
    collect_static(dict(os.environ))
