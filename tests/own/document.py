"""A page's blocks of code: commands to run, and what changes in a file.

The first line of a block that changes a file names that file. Of Python a definition replaces the one of the same
name, `...` in a class stands for what it has already, imports go to the top, and all else is added. Anything else is
added to the file. A block marked `sh aws` needs an account.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w+)( aws)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block; `path` is the file that it changes, or None."""

    language: str
    needs_aws: bool
    text: str
    path: str | None


def blocks(page: Path, heading: str = "") -> list[Block]:
    """The page's blocks, in their order; with a heading those of its section alone."""
    text = page.read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0] if heading else text
    return [_block(*found) for found in FENCE.findall(section)]


def _block(language: str, marked: str, text: str) -> Block:
    first, _, rest = text.partition("\n")
    path = re.fullmatch(r"# ([\w./-]+\.\w+)", first)
    return Block(language, bool(marked), rest if path else text, path and path[1])


def change(file: Path, block: Block) -> None:
    """Makes the block's change."""
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text() if file.exists() else ""
    python = block.language == "python" and before
    file.write_text(_merge(before, block.text) if python else f"{before}\n{block.text}".lstrip())


def _merge(file: str, text: str) -> str:
    imports = []
    for statement in ast.parse(text).body:
        source = _source(text, statement)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports.append(source)
        else:
            file = _put(file, statement, source)
    return _after_docstring(file, imports)


def _put(file: str, statement: ast.stmt, source: str) -> str:
    there = _find(ast.parse(file).body, statement)
    if there is None:
        return f"{file.rstrip()}\n\n\n{source}\n"
    if isinstance(there, ast.ClassDef) and isinstance(statement, ast.ClassDef) and _is_partial(statement):
        for member in statement.body[1:]:
            file = _put_member(file, statement, member, source)
        return file
    return _replace(file, there, source)


def _put_member(file: str, owner: ast.ClassDef, member: ast.stmt, source: str) -> str:
    """Replaces the class's member of that name, or puts it before the class's Meta, or else at its end."""
    new = _indented(source, member, owner)
    inside = _find(ast.parse(file).body, owner)
    assert isinstance(inside, ast.ClassDef)
    if there := _find(inside.body, member):
        return _replace(file, there, new)
    lines = file.split("\n")
    meta = next((each for each in inside.body if getattr(each, "name", "") == "Meta"), None)
    at = meta.lineno - 1 if meta else inside.body[-1].end_lineno or 0
    blank = [""] if meta and not isinstance(member, ast.Assign | ast.AnnAssign) else []
    return "\n".join([*lines[:at], *new.split("\n"), *blank, *lines[at:]])


def _indented(source: str, member: ast.stmt, owner: ast.ClassDef) -> str:
    """The member's lines as they stand in the block's class."""
    first = _first_line(owner)
    return "\n".join(source.split("\n")[_first_line(member) - first : (member.end_lineno or 0) - first + 1])


def _is_partial(statement: ast.ClassDef) -> bool:
    first = statement.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.value.value is ...


def _find(body: list[ast.stmt], wanted: ast.stmt) -> ast.stmt | None:
    name = _name(wanted)
    return next((each for each in body if name and _name(each) == name), None)


def _name(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0])
    if isinstance(statement, ast.AnnAssign):
        return ast.unparse(statement.target)
    return getattr(statement, "name", None)


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _source(text: str, statement: ast.stmt) -> str:
    return "\n".join(text.split("\n")[_first_line(statement) - 1 : statement.end_lineno])


def _replace(file: str, there: ast.stmt, source: str) -> str:
    lines = file.split("\n")
    return "\n".join([*lines[: _first_line(there) - 1], source, *lines[there.end_lineno :]])


def _after_docstring(file: str, imports: list[str]) -> str:
    """The imports below those that the file has first; ruff sorts them."""
    body = ast.parse(file).body
    known = [each for each in body if isinstance(each, ast.Import | ast.ImportFrom)]
    at = (known[-1] if known else body[0]).end_lineno or 0
    lines = file.split("\n")
    return "\n".join([*lines[:at], *imports, *lines[at:]])
