"""A page of another origin calls the API with a token and a condition, under the browser's CORS rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.issuer import Issuer
from tests.support.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

CALL = """
async ([url, token]) => {
  const headers = {"If-None-Match": '"none"', "X-Request-ID": "from-a-page"};
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    const response = await fetch(url, {headers});
    return [response.status, response.headers.get("X-Request-ID")];
  } catch (error) {
    return String(error.name);
  }
}
"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The origin of an empty page on another host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_only_a_page_of_an_allowed_origin_reads_the_answer(
    chromium: Browser, elsewhere: str, issuer: Issuer, start_service: Callable[..., Service]
) -> None:
    service = start_service(**issuer.environment(CORS_ALLOWED_ORIGINS=elsewhere))
    page = chromium.new_page()
    page.goto(elsewhere)
    token, url = issuer.token(), f"{service.url}/schema"
    assert page.evaluate(CALL, [url, token]) == [200, "from-a-page"]
    assert page.evaluate(CALL, [url, ""]) == [401, "from-a-page"]
    page.goto(elsewhere.replace("localhost", "127.0.0.1"))
    assert page.evaluate(CALL, [url, token]) == "TypeError"
    page.close()
