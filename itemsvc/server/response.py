"""gunicorn's response; it checks all headers at once and sends its head together with its body."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from gunicorn.http.wsgi import Response

from itemsvc.http.header_block import ResponseHeaders, write

#: The status lines of most responses.
WITH_BODY = {"200 OK": 200, "201 Created": 201}


class BufferedResponse(Response):
    """One response. It has no Server header."""

    status: str | None
    headers: list[tuple[str, str]]
    written = ""

    def start_response(self, status: str, headers: Sequence[tuple[str, str]], exc_info: Any = None) -> Any:
        """WSGI's start_response; gunicorn's own handles a response without a body, and a replaced one."""
        code = WITH_BODY.get(status)
        if code is None or exc_info or self.status is not None or self.req.method == "HEAD":
            self.written, self.headers = "", []  # Forgets the response that this one replaces.
            return super().start_response(status, headers, exc_info)
        self.status, self.status_code, self._omits_body = status, code, False
        self._take(headers)
        self.chunked = self.response_length is None and self.is_chunked()
        return self.write

    def _take(self, headers: Sequence[tuple[str, str]]) -> None:
        """Formats the headers; leaves unusual ones to gunicorn, which corrects or refuses them."""
        common, own = "", headers
        if isinstance(headers, ResponseHeaders):
            common, own = headers.common.written, headers[headers.common.count :]
        written = write(own)
        if written is None:
            self.process_headers(headers)
            return
        self.written = common + written
        for name, value in own:
            if name == "Content-Length":
                self.response_length = int(value)

    def send_headers(self) -> None:
        """Keeps the head until the body is sent, so that both go in one packet."""
        if self.headers_sent:
            return
        if self.status is None:
            raise RuntimeError("The application answered without calling start_response.")
        opening = begin(self.req.version, self.status, self.should_close(), self.chunked, int(time.time()))
        others = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        self.sock.head = f"{opening}{self.written}{others}\r\n".encode("latin-1")
        self.headers_sent: bool = True

    def write(self, arg: bytes) -> None:
        """Sends the body or a part of it; a whole body needs no counting."""
        if self.headers_sent or self.chunked or self._omits_body or len(arg) != self.response_length:
            super().write(arg)
            return
        self.send_headers()
        self.sent = self.response_length
        self.sock.sendall(arg)


@lru_cache(maxsize=16)
def begin(version: tuple[int, int], status: str, closes: bool, chunked: bool, second: int) -> str:
    """The status line and the server's own headers; ``second`` is since the epoch."""
    connection = "close" if closes else "keep-alive"
    encoding = "Transfer-Encoding: chunked\r\n" if chunked else ""
    date = formatdate(second, usegmt=True)
    return f"HTTP/{version[0]}.{version[1]} {status}\r\nDate: {date}\r\nConnection: {connection}\r\n{encoding}"
