"""Examples for the members of a request's body. Otherwise Swagger UI's form begins with made-up characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: Texts by the format of the member.
FORMATS = {
    "uuid": ["0198c0de-0000-7000-8000-000000000000"],
    "date": ["2026-01-31"],
    "date-time": ["2026-01-31T12:00:00Z"],
    "time": ["12:00:00"],
    "email": ["somebody@example.com"],
    "ipv4": ["192.0.2.1"],
    "ipv6": ["2001:db8::1"],
    "byte": ["Zm9v"],
    "uri": ["https://example.com/"],
    "decimal": ["9.50", "9.5", "9", "0.5", "0"],
}
#: Values by the type of the member.
TYPES: dict[str, list[Any]] = {"integer": [1, 0], "number": [1.5, 0.5, 0], "boolean": [True], "object": [{}]}


def add_examples(schemas: dict[str, Any]) -> None:
    """Adds `examples` to the members of every request's schema, where one is found that the schema allows."""
    for name, schema in schemas.items():
        if name.endswith("Request"):
            for member, described in schema.get("properties", {}).items():
                if "$ref" not in described and (example := example_of(member, described)) is not None:
                    described["examples"] = [example]


def example_of(member: str, schema: dict[str, Any]) -> Any:
    """A value that the schema allows; None if there is none."""
    schema = schema.get("oneOf", [schema])[0]
    return next((each for each in _candidates(member, schema) if _is_allowed(each, schema)), None)


def _candidates(member: str, schema: dict[str, Any]) -> Iterator[Any]:
    yield from schema.get("enum", ())
    declared = schema.get("type", ())
    kind = declared if isinstance(declared, str) else next((each for each in declared if each != "null"), None)
    if kind == "string":
        yield from FORMATS.get(schema.get("format", ""), [member.replace("_", " "), member, "a"])
    elif kind == "array":
        one = example_of(member, schema.get("items", {}))
        yield from ([] if one is None else [[one]])
    else:
        yield from TYPES.get(str(kind), ())


def _is_allowed(value: Any, schema: dict[str, Any]) -> bool:
    if value is None:
        return False
    if isinstance(value, str):
        fits = len(value) <= schema.get("maxLength", len(value))
        return fits and re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return True
