"""What axe-core calls critical or serious, on a phone and on a desk, in a light and in a dark scheme."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTHS, SCHEMES = (390, 1280), ("light", "dark")
SERIOUS = ("critical", "serious")


def findings(page: Page, path: str) -> list[str]:
    """The findings on a page, each with its view and its elements."""
    found = []
    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(path)
        page.wait_for_load_state("networkidle")
        for each in Axe().run(page, options={"preload": False}).response["violations"]:
            if each["impact"] in SERIOUS:
                elements = [node["html"][:100] for node in each["nodes"]]
                found.append(f"{width} px, {scheme}: {each['id']}: {elements}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{width} px, {scheme}: wider than the window")
    return found
