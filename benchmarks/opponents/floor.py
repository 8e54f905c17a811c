"""A bare WSGI function with psycopg2 and orjson: the least work for these responses in Python."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
import psycopg2

Answer = tuple[str, bytes, list[tuple[str, str]]]

# The key is read as text, because psycopg2 would make a UUID object of it. ORDER BY needs the table's name, because the
# bare name would be the text.
COLUMNS = "id::text, name, description, created_at"
NAMES = ("id", "name", "description", "created_at")
ORDER = "ORDER BY items_item.id DESC"
NOT_FOUND: Answer = ("404 Not Found", b'{"detail":"Not found."}', [])
INVALID: Answer = ("400 Bad Request", b'{"detail":"Invalid input."}', [])

#: Whether to prepare statements as the service does, for the floor under the service's own worker.
PREPARES = "PREPARES" in os.environ

thread = threading.local()


def rows(statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Runs the statement on this thread's connection and returns its rows."""
    if not hasattr(thread, "cursor"):
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        connection.autocommit = True
        thread.cursor, thread.prepared = connection.cursor(), {}
    thread.cursor.execute(prepared(statement, len(parameters)) if PREPARES else statement, parameters)
    return thread.cursor.fetchall()


def prepared(statement: str, count: int) -> str:
    """Prepares the statement once for this connection. Returns the EXECUTE for it."""
    if statement not in thread.prepared:
        name = f"floor_{len(thread.prepared)}"
        thread.cursor.execute(f"PREPARE {name} AS {statement % tuple(f'${number + 1}' for number in range(count))}")
        thread.prepared[statement] = f"EXECUTE {name}" + (f" ({', '.join(['%s'] * count)})" if count else "")
    return thread.prepared[statement]


def dump(value: Any) -> bytes:
    """JSON."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def record(row: tuple[Any, ...]) -> dict[str, Any]:
    """An item's members."""
    return dict(zip(NAMES, row, strict=True))


def list_items(query: dict[str, list[str]]) -> Answer:
    """A page by key, newest first. One more row shows whether there is a next page."""
    limit, conditions, parameters = int(query.get("limit", ["100"])[0]), [], []
    if "after" in query:
        conditions.append("id < %s::uuid")
        parameters.append(query["after"][0])
    if "search" in query:
        conditions.append("upper(name) LIKE %s")
        parameters.append(f"%{query['search'][0].upper()}%")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = rows(f"SELECT {COLUMNS} FROM items_item {where} {ORDER} LIMIT %s", (*parameters, limit + 1))
    more = len(found) > limit
    headers = [("Link", f'</items?limit={limit}&after={found[limit - 1][0]}>; rel="next"')] if more else []
    return "200 OK", dump([record(row) for row in found[:limit]]), headers


def export() -> Answer:
    """All items as an array."""
    return "200 OK", dump([record(row) for row in rows(f"SELECT {COLUMNS} FROM items_item {ORDER}")]), []


def read_item(text: str) -> Answer:
    """One item, or 404."""
    try:
        key = str(UUID(text))
    except ValueError:
        return NOT_FOUND
    found = rows(f"SELECT {COLUMNS} FROM items_item WHERE id = %s", (key,))
    return ("200 OK", dump(record(found[0])), []) if found else NOT_FOUND


def create_item(body: bytes) -> Answer:
    """One INSERT … RETURNING."""
    try:
        given = orjson.loads(body)
        name, description = given.pop("name").strip(), given.pop("description", "").strip()
    except (ValueError, AttributeError, KeyError):
        return INVALID
    if given or not 1 <= len(name) <= 255 or len(description) > 10_000:
        return INVALID
    statement = f"INSERT INTO items_item (name, description) VALUES (%s, %s) RETURNING {COLUMNS}"
    row = rows(statement, (name, description))[0]
    return "201 Created", dump(record(row)), [("Location", f"/items/{row[0]}")]


def answer(environ: dict[str, Any]) -> Answer:
    """Finds the response by path and method."""
    path = environ["PATH_INFO"]
    if path == "/items":
        if environ["REQUEST_METHOD"] == "POST":
            return create_item(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return list_items(parse_qs(environ["QUERY_STRING"]))
    if path.startswith("/items/"):
        return read_item(path[7:])
    if path == "/health":
        return "200 OK", b'{"status":"healthy"}', []
    return export() if path == "/export" else NOT_FOUND


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """WSGI."""
    status, body, headers = answer(environ)
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers])
    return [body]
