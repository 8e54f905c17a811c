"""Response headers as text. Headers that many responses share are formatted once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gunicorn import util
from gunicorn.http.message import TOKEN_RE


class SharedHeaders:
    """Headers that many responses begin with, already checked and formatted. Content-Length is not one of them."""

    def __init__(self, headers: Iterable[tuple[str, str]]):
        self.headers = [*headers]
        written = write(self.headers)
        self.written, self.count = ("", 0) if written is None else (written, len(self.headers))


class ResponseHeaders(list[tuple[str, str]]):
    """The headers of one response. Those after ``common`` may be changed in place."""

    __slots__ = ("common",)

    def __init__(self, common: SharedHeaders, own: Iterable[tuple[str, str]]):
        super().__init__(common.headers)
        self.extend(own)
        self.common = common


def write(headers: Iterable[tuple[str, str]]) -> str | None:
    """The headers as they are sent; None if gunicorn must check one of them."""
    written = ""
    for name, value in headers:
        if not (is_plain_name(name) and value.isascii() and value.isprintable()):
            return None
        written += f"{name}: {value}\r\n"
    return written


@lru_cache(maxsize=512)
def is_plain_name(name: str) -> bool:
    """Whether it is a valid name of a header that is not hop-by-hop."""
    if name.lower() == "content-length":
        return name == "Content-Length"
    return TOKEN_RE.fullmatch(name) is not None and not util.is_hoppish(name)
