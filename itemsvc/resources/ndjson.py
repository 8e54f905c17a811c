"""Newline-delimited JSON: streams a whole queryset in constant memory."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework import renderers
from rest_framework.serializers import BaseSerializer

from itemsvc.auth.authentication import caller
from itemsvc.limits import shares
from itemsvc.resources.generics import rows_of

# Rows for each round trip to the database, and for each write to the client. The driver holds fetched rows two or three
# times. Four times as many rows are no faster, and the largest rows would fill the memory of a small task.
FETCH_ROWS = 500
WRITE_ROWS = 200


class NDJSONRenderer(renderers.JSONRenderer):
    """Makes `application/x-ndjson` acceptable. The view responds with ``stream``."""

    media_type = "application/x-ndjson"
    format = "ndjson"


class Lines(Iterator[bytes]):
    """The queryset's rows as lines, from a server-side cursor: one statement, so one snapshot.

    It reads the first rows at once, so that an unavailable database is an error before the response begins.
    ``close`` ends the transaction. The response calls it when the client is gone.
    """

    def __init__(self, queryset: QuerySet, serializer: BaseSerializer):
        self._lines = _lines(queryset, serializer)
        self._first: bytes | None = next(self._lines, b"")

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._lines)

    def close(self) -> None:
        """Closes the cursor and its transaction."""
        self._lines.close()


def stream(queryset: QuerySet, serializer: BaseSerializer) -> StreamingHttpResponse:
    """Every row of ``queryset``, one JSON object a line."""
    return StreamingHttpResponse(Lines(queryset, serializer), content_type=NDJSONRenderer.media_type)


def _lines(queryset: QuerySet, serializer: BaseSerializer) -> Generator[bytes, None, None]:
    rows = rows_of(serializer.__class__)  # type: ignore[arg-type]  # Its metaclass makes mypy doubt that it has a hash.
    if rows:
        queryset, write = rows.read(queryset), rows.lines
    else:
        write = partial(_serialised, serializer)
    # In a transaction the cursor delivers rows as it reads them. Outside, PostgreSQL would first copy all rows.
    # The cursor must be closed before its transaction ends, also when the client is gone.
    iterator: Any = queryset.iterator(chunk_size=FETCH_ROWS)  # A generator, which has a `close`.
    end = monotonic() + settings.MAX_STREAM_SECONDS
    with shares.exports.take(_caller(serializer)), transaction.atomic(), closing(iterator) as found:
        while block := list(islice(found, WRITE_ROWS)):
            if monotonic() > end:
                raise TimeoutError(f"An export took longer than {settings.MAX_STREAM_SECONDS} s, so it is broken off.")
            yield write(block)


def _caller(serializer: BaseSerializer) -> str:
    request = serializer.context.get("request")
    return caller(request) if request else ""


def _serialised(serializer: BaseSerializer, block: Iterable[Any]) -> bytes:
    render = renderers.JSONRenderer().render
    return b"".join(render(serializer.to_representation(each)) + b"\n" for each in block)
