"""A JSON parser that refuses what others guess about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType


class StrictJSONParser(parsers.JSONParser):
    """RFC 8259 JSON in UTF-8.

    Refused with 400: a byte order mark, NaN and Infinity, a member given twice, text that is no Unicode, nesting
    beyond what the interpreter can follow, integers beyond its digit limit. Refused with 415: another charset.
    """

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The decoded value."""
        _require_utf8(media_type or self.media_type)
        try:
            return decode(stream.read())
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        except ValueError as exc:
            raise ParseError(f"JSON parse error - {_reason(exc)}") from None


def decode(body: bytes) -> Any:
    """The value that a body of JSON stands for; raises ValueError or RecursionError."""
    return _DECODER.decode(body.decode("utf-8"))


def _require_utf8(media_type: str) -> None:
    # Read here: Django takes a charset that it does not know for none, DRF the type */* for any.
    name, parameters = parse_header_parameters(media_type)
    if "*" in name:
        raise UnsupportedMediaType(media_type)
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(media_type, "Only the charset utf-8 is supported.")


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


# json.loads would make one for each body.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique_members)
