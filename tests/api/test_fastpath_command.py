"""`manage.py fastpath` names what is fast, and what decides it for the rest."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

REASONS = {
    "PATCH /sample/comments/{id}": ("has AuthorWrites in permission_classes", "tests/sample/views.py", "class Comment"),
    "GET /sample/receipts": ("shows more than a column as", "tests/sample/serializers.py", "extend_schema_serializer"),
    "DELETE /sample/customers/{id}": (
        "is referred to by sample.Order.customer",
        "tests/sample/models.py",
        "class Order",
    ),
    "DELETE /sample/lines/{id}": ("is referred to by sample.Reading.line", "tests/sample/models.py", "class Reading"),
}


@pytest.fixture
def said() -> dict[str, str]:
    """What the command says of each operation."""
    output = StringIO()
    call_command("fastpath", stdout=output)
    *lines, summary = output.getvalue().splitlines()
    found = {" ".join(line.split()[:2]): " ".join(line.split()[2:]) for line in lines}
    fast = list(found.values()).count("fast")
    assert summary == f"{fast} of {len(found)} operations are fast. The front door is open."
    return found


def test_every_operation_of_a_plain_resource_is_fast(said: dict[str, str]) -> None:
    one = [f"{method} /gadgets/{{id}}" for method in ("GET", "PUT", "PATCH", "DELETE")]
    assert {said[name] for name in ("GET /gadgets", "POST /gadgets", *one)} == {"fast"}


def test_a_resource_whose_rows_are_their_callers_is_fast(said: dict[str, str]) -> None:
    one = [f"{method} /sample/notes/{{id}}" for method in ("GET", "PUT", "PATCH", "DELETE")]
    assert {said[name] for name in ("GET /sample/notes", "POST /sample/notes", *one)} == {"fast"}


@pytest.mark.parametrize("name", REASONS)
def test_the_code_that_decides_is_named(said: dict[str, str], name: str) -> None:
    reason, file, code = REASONS[name]
    found = re.fullmatch(r"(.*), (\S+):(\d+)", said[name])
    assert found
    assert found[1].startswith(reason)
    assert found[2] == file
    assert code in Path(file).read_text().splitlines()[int(found[3]) - 1]
