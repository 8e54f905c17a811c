"""A strict JSON parser."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType


class StrictJSONParser(parsers.JSONParser):
    """Parses RFC 8259 JSON in UTF-8.

    400: a byte order mark, NaN or Infinity, a number beyond a double's range, a member that is given twice, text that
    is not Unicode, JSON that is nested too deeply for Python, an integer with more digits than Python converts.
    415: another charset.
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
        except UnicodeError:
            raise ParseError("JSON parse error - not valid UTF-8 text") from None
        except ValueError as exc:
            raise ParseError(f"JSON parse error - {exc}") from None


class MergePatchParser(StrictJSONParser):
    """Parses a JSON Merge Patch (RFC 7396), which names the members to change, as any PATCH of the service does."""

    media_type = "application/merge-patch+json"


def decode(body: bytes) -> Any:
    """The value of a JSON body; raises ValueError or RecursionError."""
    return json.loads(
        body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_unique_members
    )


def _require_utf8(media_type: str) -> None:
    # Django ignores a charset that it does not know, and DRF accepts the media type */*.
    name, parameters = parse_header_parameters(media_type)
    if "*" in name:
        raise UnsupportedMediaType(media_type)
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(media_type, "Only the charset utf-8 is supported.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    for name in members:
        name.encode()  # Raises for a lone surrogate, which could not be part of an error message.
    return members
