"""Reads a `.env` file strictly. Its values are secrets, so an error names a line and a variable, and never a value."""

from __future__ import annotations

import os
import re
from pathlib import Path

from itemsvc.core.env import InvalidConfiguration

#: The name, and the text behind the equals sign.
ASSIGNMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
#: A quoted value with nothing but a comment behind it.
SINGLE = re.compile(r"'([^']*)'[ \t]*(?:#.*)?")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*(?:#.*)?')
ESCAPE = re.compile(r"\\([^rnt])")
COMMENT = re.compile(r"[ \t]#.*")


def load(path: Path) -> None:
    """Sets the variables of the file, if there is one, that the environment has not; raises InvalidConfiguration."""
    for name, value in read(path).items() if path.is_file() else ():
        os.environ.setdefault(name, value)


def read(path: Path) -> dict[str, str]:
    """The variables of the file; raises InvalidConfiguration."""
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise InvalidConfiguration(path.name, f"cannot be read: {error.strerror}.") from None
    variables: dict[str, str] = {}
    for number, raw in enumerate(lines, 1):
        place = f"{path.name}, line {number},"
        try:
            line = raw.decode().strip(" \t\r")
        except UnicodeDecodeError:
            raise InvalidConfiguration(place, "is not UTF-8.") from None
        if line and not line.startswith("#"):
            name, value = _assignment(place, line)
            variables[name] = value
    return variables


def _assignment(place: str, line: str) -> tuple[str, str]:
    match = ASSIGNMENT.fullmatch(line)
    if match is None:
        raise InvalidConfiguration(place, "is not NAME=VALUE; there is no space around the equals sign.")
    name, text = match.groups()
    if "\0" in text:
        raise InvalidConfiguration(f"{place} {name}", "has a null character.")
    if text[:1] not in ("'", '"'):
        return name, COMMENT.sub("", text, count=1).strip() if not text.startswith("#") else ""
    quoted = (SINGLE if text[0] == "'" else DOUBLE).fullmatch(text)
    if quoted is None:
        raise InvalidConfiguration(f"{place} {name}", "has a quote that does not end its value on this line.")
    return name, quoted[1] if text[0] == "'" else ESCAPE.sub(r"\1", quoted[1])
