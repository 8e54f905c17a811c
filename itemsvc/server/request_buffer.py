"""Finds the end of a request in the bytes of a client, so that no thread waits for the rest.

gunicorn's parser reads the head as soon as it has arrived, and the body afterwards. What the parser refuses is handed
on at once, so that nobody waits for the rest of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from itemsvc.http.raw_errors import MAX_CHUNKS

HEAD_END = b"\r\n\r\n"
#: No load balancer passes on a larger head, so a larger one is refused before its end.
HEAD_BYTES = 64 * 1024
#: The largest header that surely fits.
FIELD_BYTES = HEAD_BYTES // 2
#: A head is tried when its first line has arrived, at this size, and at each doubling: more often would cost too much.
FIRST_TRY_BYTES = 8193
CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]+")
#: The parser copies the rest of a piece for each chunk in it, so pieces are small.
PIECE_BYTES = 16 * 1024
#: gunicorn's parser refuses a longer line of a chunk for certain; a shorter one is left to it, however it arrives.
CHUNK_LINE_BYTES = 8190 + PIECE_BYTES
#: gunicorn reads so many bytes of a body at least, so a body that is too large must have them.
READ_BYTES = 1024


class Arrived(Iterator[bytes]):
    """Gives gunicorn's parser what has arrived, in pieces, as from a socket.

    ``exhausted`` is set if the parser asks for more. Then the request was not complete, or the parser sees its end
    elsewhere, and the connection must not bring another request.
    """

    __slots__ = ("_at", "data", "exhausted")

    def __init__(self) -> None:
        self.exhausted = False
        self.put(b"")

    def put(self, data: bytes, at: int = 0) -> None:
        """Sets the bytes of the next request; the parser has read those before ``at``."""
        self.data, self._at = data, at

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


class Framing(NamedTuple):
    """How the body of a request is framed: its ``length`` in bytes, unless it is ``chunked``."""

    length: int = 0
    chunked: bool = False
    expects_continue: bool = False


class HeadParser(Protocol):
    """Reads heads for a ``Request``."""

    def read_head(self, head: bytes) -> Framing | None:
        """Reads a whole head; returns None if it is refused."""

    def refuses(self, start: bytes) -> bool:
        """Whether a head that starts like this is refused, whatever follows."""


class Request:
    """One request as far as it has arrived.

    ``whole`` is set when all of it has arrived. ``body_limit`` is in bytes; a larger body is refused unread, and so is
    one with ``too_many_chunks``.
    """

    __slots__ = (
        "_at", "_chunks", "_count", "_framing", "_parser", "_try_at", "body_limit", "body_start", "data",
        "expects_continue", "whole",
    )  # fmt: skip

    def __init__(self, body_limit: int, parser: HeadParser):
        self.data = bytearray()
        self.body_limit, self._parser = body_limit, parser
        self.whole = self.expects_continue = False
        self._framing: Framing | None = None
        self._at = self.body_start = 0
        self._try_at = FIRST_TRY_BYTES
        #: The joined chunks; None once one had more than a size, because gunicorn must see that one as it is.
        self._chunks: bytearray | None = bytearray()
        self._count = 0

    def feed(self, data: bytes) -> bool:
        """Adds ``data``; returns whether the request is complete, too large or malformed."""
        self.data += data
        if self._framing:
            return self._has_body(self._framing)
        new = len(self.data) - len(data)
        head_end = self.data.find(HEAD_END, max(0, new - 3))  # It may have begun in the last piece.
        if head_end < 0:
            return self._is_hopeless(new)
        self._at = self.body_start = head_end + len(HEAD_END)
        self._framing = self._parser.read_head(bytes(self.data[: self._at]))
        if self._framing is None:
            return True
        self.expects_continue = self._framing.expects_continue
        return self._has_body(self._framing)

    @property
    def has_head(self) -> bool:
        """Whether its head has arrived."""
        return self.body_start > 0

    @property
    def too_many_chunks(self) -> bool:
        """Whether its body has more than MAX_CHUNKS."""
        return self._count > MAX_CHUNKS

    def _is_hopeless(self, new: int) -> bool:
        if len(self.data) > HEAD_BYTES:
            return True
        if self.data.count(b"\n", new) != self.data.count(b"\r\n", max(0, new - 1)):
            return True  # A bare LF.
        first_line_came = self.data.find(b"\n", 2) >= new
        if not first_line_came and len(self.data) < self._try_at:
            return False
        self._try_at = max(self._try_at, 2 * len(self.data))
        return self._parser.refuses(bytes(self.data))

    def _has_body(self, framing: Framing) -> bool:
        if framing.chunked:
            return self._has_chunks()
        self.whole = len(self.data) - self.body_start >= framing.length
        return self.whole or framing.length > self.body_limit

    def _has_chunks(self) -> bool:
        done = self._read_chunks()
        if self._chunks is not None:
            del self.data[self.body_start : self._at]
            self._at = self.body_start
            if done or len(self._chunks) > self.body_limit + READ_BYTES:
                self._join()
                return True
        # The sizes of the chunks count too, so the limit is twice that of the body.
        return done or len(self.data) > 2 * self.body_limit + HEAD_BYTES

    def _read_chunks(self) -> bool:
        data = self.data
        while not self.too_many_chunks and (line_end := data.find(b"\r\n", self._at)) >= 0:
            size, extension, _ = bytes(data[self._at : line_end]).partition(b";")
            if extension and self._chunks is not None:
                self._join()
                continue
            too_long = line_end - self._at > CHUNK_LINE_BYTES
            if too_long or not CHUNK_SIZE.fullmatch(size.rstrip(b" \t") if extension else size):
                return True
            start, length = line_end + 2, int(size, 16)
            if length == 0:
                self.whole = data.find(HEAD_END, line_end) >= 0
                return self.whole or len(data) - line_end > HEAD_BYTES
            end = start + length
            if len(data) < end + 2:
                return len(data) > end and data[end : end + 1] != b"\r"
            if data[end : end + 2] != b"\r\n":
                return True
            if self._chunks is not None:
                self._chunks += data[start:end]
            self._at = end + 2
            self._count += 1
        return self.too_many_chunks or len(data) - self._at > CHUNK_LINE_BYTES

    def _join(self) -> None:
        """Puts the joined chunks back as one: the parser needs more time for a chunk than for its bytes."""
        if self._chunks:
            self.data[self.body_start : self._at] = joined = b"%x\r\n%b\r\n" % (len(self._chunks), bytes(self._chunks))
            self._at = self.body_start + len(joined)
        self._chunks = None
