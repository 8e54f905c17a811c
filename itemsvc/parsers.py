"""A JSON parser that refuses what others guess about."""

from __future__ import annotations

import json
from typing import IO, Any, NoReturn

from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType


class StrictJSONParser(parsers.JSONParser):
    """RFC 8259 JSON in UTF-8.

    Refused with 400: a byte order mark, NaN and Infinity, a member given twice, text that is no Unicode, nesting
    beyond what the interpreter can follow, integers beyond its digit limit. Refused with 415: another charset.
    """

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: dict[str, Any] | None = None
    ) -> Any:
        """The decoded value."""
        _require_utf8(media_type, parser_context or {})
        try:
            text = stream.read().decode("utf-8")
            return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_members)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        except ValueError as exc:
            raise ParseError(f"JSON parse error - {_reason(exc)}") from None


def _require_utf8(media_type: str | None, parser_context: dict[str, Any]) -> None:
    charset = str(parser_context.get("encoding") or "utf-8")
    if charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(media_type or "application/json", "Only the charset utf-8 is supported.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    for name in members:
        name.encode()  # A lone surrogate could not be named in an answer.
    return members


def _reason(exc: ValueError) -> str:
    if isinstance(exc, UnicodeError):
        return "not valid UTF-8 text"
    return str(exc)
