"""Reads a `.env` file strictly. Its values are secrets, so an error names a line and a variable, and never a value."""

from __future__ import annotations

import re
from pathlib import Path

#: The name, and the text behind the equals sign.
ASSIGNMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
#: A quoted value with nothing but a comment behind it.
SINGLE = re.compile(r"'([^']*)'[ \t]*(?:#.*)?")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*(?:#.*)?')
ESCAPE = re.compile(r"\\([^rnt])")
COMMENT = re.compile(r"[ \t]#.*")


class InvalidLineError(Exception):
    """A line that is not understood. ``place`` names it, ``problem`` says what is wrong."""

    def __init__(self, place: str, problem: str):
        super().__init__(place, problem)
        self.place, self.problem = place, problem


def read(path: Path) -> dict[str, str]:
    """The variables of the file; raises InvalidLineError."""
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise InvalidLineError(path.name, f"cannot be read: {error.strerror}.") from None
    variables: dict[str, str] = {}
    for number, raw in enumerate(lines, 1):
        place = f"{path.name}, line {number},"
        try:
            line = raw.decode().strip(" \t\r")
        except UnicodeDecodeError:
            raise InvalidLineError(place, "is not UTF-8.") from None
        if line and not line.startswith("#"):
            name, value = _assignment(place, line)
            variables[name] = value
    return variables


def _assignment(place: str, line: str) -> tuple[str, str]:
    match = ASSIGNMENT.fullmatch(line)
    if match is None:
        raise InvalidLineError(place, "is not NAME=VALUE; there is no space around the equals sign.")
    name, text = match.groups()
    if "\0" in text:
        raise InvalidLineError(f"{place} {name}", "has a null character.")
    if text[:1] not in ("'", '"'):
        return name, COMMENT.sub("", text, count=1).strip() if not text.startswith("#") else ""
    quoted = (SINGLE if text[0] == "'" else DOUBLE).fullmatch(text)
    if quoted is None:
        raise InvalidLineError(f"{place} {name}", "has a quote that does not end its value on this line.")
    return name, quoted[1] if text[0] == "'" else ESCAPE.sub(r"\1", quoted[1])
