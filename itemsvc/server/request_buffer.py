"""Finds the end of a request in the bytes of a client, so that no thread waits for the rest.

gunicorn's parser reads every byte again afterwards. It also gets malformed requests, and refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HEAD_END = b"\r\n\r\n"
#: No load balancer passes on a larger head, so a larger one is refused before its end.
HEAD_BYTES = 64 * 1024
CHUNK_LINE_BYTES = 8190
#: The parser copies the rest of a piece for each chunk in it, so pieces are small.
PIECE_BYTES = 16 * 1024
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*+(\d{1,18})[ \t]*+\r\n")


class Arrived(Iterator[bytes]):
    """Gives gunicorn's parser what has arrived, in pieces, as from a socket.

    ``exhausted`` is set if the parser asks for more. Then the request was not complete, or the parser sees its end
    elsewhere, and the connection must not bring another request.
    """

    __slots__ = ("_at", "data", "exhausted")

    def __init__(self) -> None:
        self.exhausted = False
        self.put(b"")

    def put(self, data: bytes) -> None:
        """Sets the bytes of the next request."""
        self.data, self._at = data, 0

    def __next__(self) -> bytes:
        piece = self.data[self._at : self._at + PIECE_BYTES]
        if not piece:
            self.exhausted = True
            raise StopIteration
        self._at += len(piece)
        return piece

    def take_rest(self) -> bytes:
        """Removes and returns the bytes that the parser has not read."""
        rest = self.data[self._at :]
        self.put(b"")
        return rest


class Request:
    """One request as far as it has arrived.

    ``whole`` is set when all of it has arrived. ``body_limit`` is in bytes; a larger body is refused unread.
    """

    __slots__ = ("_at", "_chunked", "_end", "body_limit", "data", "expects_continue", "whole")

    def __init__(self, body_limit: int):
        self.data = bytearray()
        self.body_limit = body_limit
        self.whole = self.expects_continue = self._chunked = False
        self._at = self._end = 0

    def feed(self, data: bytes) -> bool:
        """Adds ``data``; returns whether the request is complete, too large or malformed."""
        self.data += data
        if self._end:
            return self._has_body()
        new = len(self.data) - len(data)
        head_end = self.data.find(HEAD_END, max(0, new - 3))  # It may have begun in the last piece.
        if head_end < 0:
            bare_lf = self.data.count(b"\n", new) != self.data.count(b"\r\n", max(0, new - 1))
            return bare_lf or len(self.data) > HEAD_BYTES
        self._read_head(bytes(self.data[: head_end + 2]).lower(), head_end + len(HEAD_END))
        return self._has_body()

    @property
    def has_head(self) -> bool:
        """Whether its head has arrived."""
        return self._end > 0

    def _read_head(self, head: bytes, body_start: int) -> None:
        length = CONTENT_LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not length and b"\r\ncontent-length:" in head:
            size = self.body_limit + 1  # Not a number, or an absurd one.
        self._chunked = b"\r\ntransfer-encoding:" in head
        self._at, self._end = body_start, body_start + size
        self.expects_continue = b"\r\nexpect:" in head

    def _has_body(self) -> bool:
        if self._chunked:
            return self._has_chunks()
        self.whole = len(self.data) >= self._end
        return self.whole or self._end - self._at > self.body_limit

    def _has_chunks(self) -> bool:
        # The sizes of the chunks count too, so the limit is twice that of the body.
        if len(self.data) > 2 * self.body_limit + HEAD_BYTES:
            return True
        while (line_end := self.data.find(b"\r\n", self._at)) >= 0:
            try:
                size = int(bytes(self.data[self._at : line_end]).partition(b";")[0], 16)
            except ValueError:
                return True
            if size <= 0:
                self.whole = self.data.find(HEAD_END, line_end) >= 0
                return self.whole or len(self.data) - line_end > HEAD_BYTES
            if line_end + size + 4 > len(self.data):
                return False
            self._at = line_end + size + 4
        return len(self.data) - self._at > CHUNK_LINE_BYTES
