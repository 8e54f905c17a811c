"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): what a schema cannot say."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

import requests
import schemathesis

SERVICE = os.environ["SERVICE_URL"]
#: With a token, where the service asks for one.
HEADERS = {"Authorization": os.environ["AUTHORIZATION"]} if "AUTHORIZATION" in os.environ else {}
#: Characters, by member.
LIMITS = {"name": 255, "description": 10_000, "product": 100, "code": 20, "text": 1000, "tags": 20}
CUSTOMER = {"name": 100}
NUL_IN_JSON = "A text in it has a null character"
#: Members and parameters that refer to a row, and the list that has it.
REFERENCES = {"customer": "/sample/customers", "order": "/sample/orders"}


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Puts genuine cursors, entity tags, keys and new addresses where valid ones are meant.

    The service is right to refuse one that is made up, or one that is there already.
    """
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    query, headers = case.query or {}, case.headers or {}
    if "cursor" in query:
        case.query = {**query, "cursor": genuine_cursor(case.path, query.get("ordering"))}
    if "search" in query:  # It needs three letters or digits in a row.
        case.query = {**(case.query or {}), "search": f"abc{query['search']}"[:255]}
    if "Idempotency-Key" in headers:  # A new one, or it would be known for another body.
        headers["Idempotency-Key"] = str(uuid.uuid4())
    if "If-Match" in headers:
        headers["If-Match"] = genuine_etag(case.formatted_path)
    for row in rows(case.body):
        row |= {name: genuine_key(path) for name, path in REFERENCES.items() if name in row}
        if "email" in row:
            row["email"] = f"{uuid.uuid4()}@example.com"


def rows(body: Any) -> list[dict[str, Any]]:
    """The objects of a body that is one or an array of them."""
    return [each for each in (body if isinstance(body, list) else [body]) if isinstance(each, dict)]


def genuine_etag(path: str) -> str:
    """The row's, or any where there is no such row."""
    return requests.get(SERVICE + path, headers=HEADERS, timeout=10).headers.get("ETag", "*")


def genuine_key(path: str) -> str:
    """That of a row which this list has now."""
    [row] = requests.get(SERVICE + path, {"limit": 1}, headers=HEADERS, timeout=10).json()
    return str(row["id"])


@cache
def genuine_cursor(path: str, ordering: str | None) -> str:
    """That of the first page's end; there are two rows before the first request is made up."""
    page = {"limit": 1} | ({"ordering": ordering} if ordering else {})
    link = requests.get(SERVICE + path, page, headers=HEADERS, timeout=10).headers["Link"]
    found = re.search(r"cursor=([\w-]+)", link)
    assert found, link
    return found[1]


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: schemathesis.Case, response: Any) -> bool:
    """Drops complaints about what JSON Schema has no word for.

    A text may be too long only by the white space around it, which the service removes. An array within its limit may
    have too many bytes. A JSON value of any form may have no NUL in any of its texts.
    """
    if isinstance(case.body, list) and response.status_code == 413:
        return False
    if response.status_code == 400 and NUL_IN_JSON in response.text:
        return False
    if response.status_code == 412:  # It may come before the body is looked at.
        return False
    return not (response.status_code in (200, 201) and longer_only_by_white_space(case))


def longer_only_by_white_space(case: schemathesis.Case) -> bool:
    """Whether a text of the body is above its limit, and none is when trimmed."""
    limits = LIMITS | CUSTOMER if "customers" in case.path else LIMITS
    found = [(limits[name], text) for name, text in texts(case.body) if name in limits]
    return any(len(text) > limit for limit, text in found) and all(len(text.strip()) <= limit for limit, text in found)


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each text of a body, with the name of its member."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        yield from (pair for member, each in value.items() for pair in texts(each, member))
    elif isinstance(value, list):
        yield from (pair for each in value for pair in texts(each, name))
