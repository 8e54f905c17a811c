"""Notes what every page of a browser profile asks for, and what goes wrong on it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

#: What Chromium writes to the console for every answer from 400 on; those are noted as answers.
REFUSED = "Failed to load resource"
#: Schemes that leave the page, but not the browser.
INTERNAL_SCHEMES = ("data", "blob", "about")
#: Not every violation is written to the console: one that a script causes and swallows is not.
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violates ${event.effectiveDirective}: ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
});
"""


class Witness:
    """Holds against a profile: requests to other hosts, errors on the console, and refusals nobody expected."""

    def __init__(self, context: BrowserContext, base: str):
        self.host = urlsplit(base).netloc
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.refused: list[tuple[int, str]] = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("requestfailed", lambda request: self.errors.append(f"{request.url}: {request.failure}"))
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in INTERNAL_SCHEMES and parts.netloc != self.host:
            self.foreign.append(request.url)

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append((response.status, urlsplit(response.url).path))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            self.errors.append(f"{message.type}: {message.text}")

    def expect_refusal(self, status: int, path: str) -> None:
        """Takes one such answer, which there must have been, off the list."""
        self.refused.remove((status, path))

    def testify(self) -> None:
        """Raises AssertionError with everything noted."""
        assert not self.foreign, f"requests to other hosts: {self.foreign}"
        assert not self.errors, f"errors on the page: {self.errors}"
        assert not self.refused, f"refused requests: {self.refused}"
