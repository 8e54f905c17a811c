"""Records the requests and errors of every page of a browser profile."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

#: Chromium writes this to the console for every status from 400 on. The witness records the responses instead.
REFUSED = "Failed to load resource"
#: Schemes of requests that stay in the browser.
INTERNAL_SCHEMES = ("data", "blob", "about")
#: When a script causes a violation and catches its error, Chromium writes nothing to the console. This does.
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violates ${event.effectiveDirective}: ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
});
"""


class Witness:
    """Records a profile's requests to other hosts, errors on the console and unexpected error responses."""

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
        """Removes one such response from the record. It must be there."""
        self.refused.remove((status, path))

    def testify(self) -> None:
        """Raises AssertionError when there is a record."""
        assert not self.foreign, f"requests to other hosts: {self.foreign}"
        assert not self.errors, f"errors on the page: {self.errors}"
        assert not self.refused, f"refused requests: {self.refused}"
