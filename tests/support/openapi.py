"""Checks a response against the service's OpenAPI document."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

#: Headers about the resource. The schema must list each of them that a response has.
TELLING_HEADERS = {
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
}
BODILESS = ("HEAD", "OPTIONS")


def load() -> Schema:
    """Generates the document."""
    from drf_spectacular.generators import SchemaGenerator

    return Schema(json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str)))


@dataclass
class Schema:
    """An OpenAPI 3.1 document."""

    document: dict[str, Any]

    @cached_property
    def _routes(self) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
        paths = sorted(self.document["paths"].items(), key=lambda entry: "{" in entry[0])
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations) for path, operations in paths]

    def judge(self, method: str, url: str, status: int, headers: dict[str, str], body: bytes) -> None:
        """Raises AssertionError when the response does not match the document.

        Errors of unknown paths must match the shared error.
        """
        path = re.sub(r"^https?://[^/]+", "", url).partition("?")[0].partition("#")[0]
        path = path.removesuffix("/") or "/"
        assert headers.get("X-Request-ID"), f"{method} {path} answered {status} without X-Request-ID"
        if headers["Content-Type"].startswith("text/html") if "Content-Type" in headers else False:
            return
        operations = next((operations for route, operations in self._routes if route.fullmatch(path)), {})
        operation = operations.get("get" if method == "HEAD" else method.lower())
        if operation is None:
            return
        documented = operation["responses"].get(str(status))
        assert documented, f"{method} {path} answered {status}, which the schema does not list: {body[:200]!r}"
        documented = self._resolve(documented)
        self._judge_headers(f"{method} {path} {status}", documented, headers)
        if method not in BODILESS:
            self._judge_body(f"{method} {path} {status}", documented, headers.get("Content-Type", ""), body)

    def _resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        """The component that the part refers to, or else the part."""
        for name in part["$ref"].removeprefix("#/").split("/") if "$ref" in part else ():
            part = (self.document if name == "components" else part)[name]
        return part

    def _judge_headers(self, what: str, documented: dict[str, Any], headers: dict[str, str]) -> None:
        known = {name: self._resolve(header) for name, header in documented.get("headers", {}).items()}
        unknown = TELLING_HEADERS.intersection(headers) - set(known)
        assert not unknown, f"{what}: the schema does not list {unknown}"
        missing = {name for name, header in known.items() if header.get("required") and name not in headers}
        assert not missing, f"{what}: {missing} missing"

    def _judge_body(self, what: str, documented: dict[str, Any], content_type: str, body: bytes) -> None:
        contents = documented.get("content", {})
        if not contents:
            assert not body, f"{what}: a body where the schema has none: {body[:200]!r}"
            return
        media_type = content_type.partition(";")[0]
        assert media_type in contents, f"{what}: {media_type}, not one of {list(contents)}"
        if media_type.startswith("application/vnd.oai") or media_type == "application/javascript":
            return
        shown = contents[media_type].get("schema", {})
        if media_type == "application/x-ndjson":  # Described as text; its lines are the elements of the page.
            assert shown["type"] == "string", what
            validator = self._validator(self._resolve(contents["application/json"]["schema"])["items"])
            for line in body.splitlines():
                validator.validate(json.loads(line))
            return
        self._validator(shown).validate(json.loads(body))

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        # References to components start at the document's root, so the schema needs it around itself.
        return Draft202012Validator({**self._closed, **schema}, format_checker=FormatChecker())

    @cached_property
    def _closed(self) -> dict[str, Any]:
        """The document, whose objects have no other members: clients allow them, but the service has none."""
        closed = copy.deepcopy(self.document)
        for component in closed["components"]["schemas"].values():
            if "properties" in component:
                component.setdefault("additionalProperties", False)
        return closed
