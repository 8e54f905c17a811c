"""No pattern of the service backtracks over what a client sends: one that does can keep a process busy for minutes."""

from __future__ import annotations

import importlib
import pkgutil
import re
import re._constants as codes
import re._parser as parser
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

import itemsvc
from tests.support.service import ROOT

#: A repetition of no more than so many is cheap, whatever it stands beside.
FEW = 400
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
CHARACTERS = [chr(code) for code in range(256)]


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern of the service's modules, and of every app's in the repository."""
    packages = [itemsvc, *(each.module for each in apps.get_app_configs() if Path(each.path).parent == ROOT)]
    for package in packages:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name or found.name in ("itemsvc.http.healthcheck", "itemsvc.wsgi"):
                continue
            importlib.import_module(found.name)
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in {package.__name__ for package in packages}:
            for attribute, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    yield f"{name}.{attribute}", value


def flaw(pattern: re.Pattern[Any] | str) -> str:
    """What makes it backtrack for long; empty if nothing does."""
    text = pattern if isinstance(pattern, str) else pattern.pattern
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    return _flaw(parser.parse(text))


def _flaw(tree: Any) -> str:
    before: set[str] = set()
    for operation, argument in flattened(tree):
        repeated = operation in REPEATS and argument[1] > FEW
        if repeated and any(code in REPEATS and value[1] > FEW for code, value in everything(argument[2])):
            return "a repetition in a repetition"
        here = starts(argument[2]) if repeated else set()
        if before & here:
            return "two repetitions of the same beside each other"
        if inner := next((problem for part in parts(operation, argument) if (problem := _flaw(part))), ""):
            return inner
        optional = operation in REPEATS and argument[0] == 0 and not repeated
        before = here if repeated else before if optional else set()
    return ""


def flattened(tree: Any) -> Iterator[tuple[Any, Any]]:
    """A sequence's parts, those of plain groups in place of the group."""
    for operation, argument in tree:
        if operation is codes.SUBPATTERN:
            yield from flattened(argument[3])
        else:
            yield operation, argument


def parts(operation: Any, argument: Any) -> list[Any]:
    """The sequences within one part."""
    if operation in (*REPEATS, codes.POSSESSIVE_REPEAT):
        return [argument[2]]
    if operation is codes.BRANCH:
        return list(argument[1])
    if operation in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    return [argument] if operation is codes.ATOMIC_GROUP else []


def everything(tree: Any) -> Iterator[tuple[Any, Any]]:
    """All parts of all depths."""
    for operation, argument in flattened(tree):
        yield operation, argument
        for part in parts(operation, argument):
            yield from everything(part)


def starts(tree: Any) -> set[str]:
    """The characters that a sequence may begin with."""
    first = next(flattened(tree), None)
    return one_of(*first) if first else set()


def one_of(operation: Any, argument: Any) -> set[str]:
    """The characters that one part may begin with; all, where that is not plain to see."""
    if operation is codes.LITERAL:
        return {chr(argument)}
    if operation is codes.IN:
        return {each for each in CHARACTERS if in_set(argument, each)}
    if operation is codes.BRANCH:
        return set().union(*(starts(part) for part in argument[1]))
    if operation in (*REPEATS, codes.POSSESSIVE_REPEAT):
        return starts(argument[2])
    return set(CHARACTERS)


def in_set(members: Any, character: str) -> bool:
    """Whether a character class has it."""
    found = negated = False
    for operation, argument in members:
        if operation is codes.NEGATE:
            negated = True
        elif operation is codes.LITERAL:
            found |= ord(character) == argument
        elif operation is codes.RANGE:
            found |= argument[0] <= ord(character) <= argument[1]
        elif operation is codes.CATEGORY:
            found |= category(argument, character)
    return found is not negated


def category(name: Any, character: str) -> bool:
    """Whether a class such as white space has it."""
    letter = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
    kind = str(name).rpartition("_")[2]
    return (re.fullmatch(letter[kind], character) is not None) is not ("NOT" in str(name))


@pytest.mark.parametrize(("name", "pattern"), sorted(patterns()))
def test_no_pattern_backtracks_for_long(name: str, pattern: re.Pattern[Any]) -> None:
    assert not flaw(pattern), f"{name}: {flaw(pattern)}: make one possessive, or bound it"


@pytest.mark.parametrize(
    "pattern",
    [
        r"\r\n(x-request-id):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)",
        r"(a+)+b",
        r"(?:\w|a+)*",
        r"\s*[ ]*x",
        r"a*(?:b)?a*c",
        r"x(?:y|[0-9]+[0-9]*)",
    ],
)
def test_one_that_does_is_found(pattern: str) -> None:
    assert flaw(pattern)


@pytest.mark.parametrize("pattern", [r"(?:^|;)\s*+Root=", r"[a-z]+\.[a-z]+", r"(?:ab)*c*", r"a{1,20}a*", r"(?>a+)a*b"])
def test_one_that_does_not_is_not(pattern: str) -> None:
    assert not flaw(pattern)
