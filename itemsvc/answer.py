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
        self.count = len(self.headers) if are_plain(self.headers) else 0
        self.written = write(self.headers[: self.count])


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
    written = ""

    def start_response(self, status: str, headers: Sequence[tuple[str, str]], exc_info: Any = None) -> Any:
        """WSGI's; an answer without a body, or in place of another one, is gunicorn's business."""
        code = WITH_BODY.get(status)
        if code is None or exc_info or self.status is not None or self.req.method == "HEAD":
            return super().start_response(status, headers, exc_info)
        self.status, self.status_code, self._omits_body = status, code, False
        self.process_headers(headers)
        self.chunked = self.response_length is None and self.is_chunked()
        return self.write

    def process_headers(self, headers: Sequence[tuple[str, str]]) -> None:
        """Takes them; whatever is unusual about them, gunicorn mends or refuses."""
        if isinstance(headers, Headers):
            self.written, headers = headers.common.written, headers[headers.common.count :]
        if not are_plain(headers):
            super().process_headers(headers)
            return
        self.headers = headers
        for name, value in headers:
            if name == "Content-Length":
                self.response_length = int(value)

    def default_headers(self) -> list[str]:
        """The status line, and what the server adds."""
        lines = [
            f"HTTP/{self.req.version[0]}.{self.req.version[1]} {self.status}\r\n",
            f"Date: {date_of(int(time.time()))}\r\n",
            "Connection: close\r\n" if self.should_close() else "Connection: keep-alive\r\n",
        ]
        return [*lines, "Transfer-Encoding: chunked\r\n"] if self.chunked else lines

    def send_headers(self) -> None:
        """Leaves the head for whatever is sent next: one packet and one system call."""
        if self.headers_sent:
            return
        self.headers_sent: bool = True
        head = f"{''.join(self.default_headers())}{self.written}{write(self.headers)}\r\n"
        self.sock.head = head.encode("latin-1")


def write(headers: Iterable[tuple[str, str]]) -> str:
    """As they are sent."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers])


def are_plain(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether nothing about them needs to be looked at more closely."""
    values = "".join([value for _, value in headers])
    return values.isascii() and values.isprintable() and all(is_plain_name(name) for name, _ in headers)


@lru_cache(maxsize=512)
def is_plain_name(name: str) -> bool:
    """Whether it is a header's name, as the framework writes it, and none that is between server and client only."""
    if name.lower() == "content-length":
        return name == "Content-Length"
    return TOKEN_RE.fullmatch(name) is not None and not util.is_hoppish(name)


@lru_cache(maxsize=2)
def date_of(second: int) -> str:
    """The Date header of a second since the epoch: formatting it takes as long as reading a row."""
    return formatdate(second, usegmt=True)
