"""gunicorn's response, with its checks made at once for all headers and its head sent together with what follows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from gunicorn import util
from gunicorn.http.message import TOKEN_RE
from gunicorn.http.wsgi import Response

#: The status lines of what is answered all day.
WITH_BODY = {"200 OK": 200, "201 Created": 201}


class Common:
    """Headers that many responses begin with, no Content-Length among them: checked and written once."""

    def __init__(self, headers: Iterable[tuple[str, str]]):
        self.headers = [*headers]
        written = write(self.headers)
        self.written, self.count = ("", 0) if written is None else (written, len(self.headers))


class Headers(list[tuple[str, str]]):
    """The headers of one response. Those after ``common`` may be changed in place."""

    __slots__ = ("common",)

    def __init__(self, common: Common, own: Iterable[tuple[str, str]]):
        super().__init__(common.headers)
        self.extend(own)
        self.common = common


class Answer(Response):
    """One response; it does not name the server."""

    status: str | None
    headers: list[tuple[str, str]]
    written = ""

    def start_response(self, status: str, headers: Sequence[tuple[str, str]], exc_info: Any = None) -> Any:
        """WSGI's; an answer without a body, or in place of another one, is gunicorn's business."""
        code = WITH_BODY.get(status)
        if code is None or exc_info or self.status is not None or self.req.method == "HEAD":
            self.written, self.headers = "", []  # Of what this one replaces.
            return super().start_response(status, headers, exc_info)
        self.status, self.status_code, self._omits_body = status, code, False
        self._take(headers)
        self.chunked = self.response_length is None and self.is_chunked()
        return self.write

    def _take(self, headers: Sequence[tuple[str, str]]) -> None:
        """Writes them; whatever is unusual about them, gunicorn mends or refuses."""
        common, own = "", headers
        if isinstance(headers, Headers):
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
        """Leaves the head for whatever is sent next: one packet and one system call."""
        if self.headers_sent:
            return
        if self.status is None:
            raise RuntimeError("The application answered without calling start_response.")
        opening = begin(self.req.version, self.status, self.should_close(), self.chunked, int(time.time()))
        mended = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        self.sock.head = f"{opening}{self.written}{mended}\r\n".encode("latin-1")
        self.headers_sent: bool = True

    def write(self, arg: bytes) -> None:
        """Sends a part of the body, or all of it, which needs no counting."""
        if self.headers_sent or self.chunked or self._omits_body or len(arg) != self.response_length:
            super().write(arg)
            return
        self.send_headers()
        self.sent = self.response_length
        self.sock.sendall(arg)


def write(headers: Iterable[tuple[str, str]]) -> str | None:
    """As they are sent; None where something about them needs to be looked at more closely."""
    written = ""
    for name, value in headers:
        if not (is_plain_name(name) and value.isascii() and value.isprintable()):
            return None
        written += f"{name}: {value}\r\n"
    return written


@lru_cache(maxsize=512)
def is_plain_name(name: str) -> bool:
    """Whether it is a header's name, as the framework writes it, and none that is between server and client only."""
    if name.lower() == "content-length":
        return name == "Content-Length"
    return TOKEN_RE.fullmatch(name) is not None and not util.is_hoppish(name)


@lru_cache(maxsize=16)
def begin(version: tuple[int, int], status: str, closes: bool, chunked: bool, second: int) -> str:
    """The status line and what the server adds, the same for a whole second since the epoch."""
    connection = "close" if closes else "keep-alive"
    encoding = "Transfer-Encoding: chunked\r\n" if chunked else ""
    date = formatdate(second, usegmt=True)
    return f"HTTP/{version[0]}.{version[1]} {status}\r\nDate: {date}\r\nConnection: {connection}\r\n{encoding}"
