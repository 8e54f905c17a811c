"""The text of a database error."""

from __future__ import annotations


def first_line(exception: BaseException) -> str:
    """The first line of the message; the others may quote a row's values."""
    return str(exception).strip().partition("\n")[0]
