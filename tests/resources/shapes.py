"""The sample's resources, one of each shape, for tests that hold them all to one contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

#: Sends a body to a path and returns the row that it made.
Post = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Shape:
    """A resource, and bodies that it takes."""

    path: str
    #: What a row is made of, beside the rows that it refers to.
    body: dict[str, Any]
    #: What a row is when the body leaves out what has a default.
    defaults: dict[str, Any] = field(default_factory=dict)
    #: A valid value for each member, other than the body's.
    changes: dict[str, Any] = field(default_factory=dict)
    #: Members that refer to a row, with the path of its resource.
    references: dict[str, str] = field(default_factory=dict)
    versioned: bool = True

    def make_body(self, post: Post) -> dict[str, Any]:
        """A complete body; makes the rows that it refers to."""
        body = self.body | {name: SHAPES[path].make(post)["id"] for name, path in self.references.items()}
        return body | {"email": f"{uuid4()}@example.com"} if "email" in body else body

    def make(self, post: Post) -> dict[str, Any]:
        """A new row."""
        return post(self.path, self.make_body(post))


SHAPES = {
    shape.path: shape
    for shape in (
        Shape("/gadgets", {"name": "lamp"}, {"description": ""}, {"name": "torch", "description": "bright"}),
        Shape(
            "/sample/customers",
            {"name": "Ann", "email": ""},
            changes={"name": "Bob", "email": "bob@example.org"},
        ),
        Shape(
            "/sample/orders",
            {"total": "12.50", "placed_on": "2026-01-31"},
            {"status": "open", "gift": False, "tags": [], "details": {}},
            {
                "status": "paid",
                "total": "-0.05",
                "placed_on": "0001-01-01",
                "gift": True,
                "tags": ["a", "b c", "\N{SNOWMAN}"],
                "details": {"a": [1, 2.5, None, True, {"b": "\N{SNOWMAN}"}]},
            },
            {"customer": "/sample/customers"},
        ),
        Shape(
            "/sample/receipts",
            {"total": "3.00", "placed_on": "2026-02-28", "lines": [{"product": "nail", "quantity": 100}]},
            changes={
                "total": "4.00",
                "placed_on": "2024-02-29",
                "lines": [{"product": "nut", "quantity": 1}, {"product": "bolt", "quantity": 2}],
            },
            references={"customer": "/sample/customers"},
        ),
        Shape(
            "/sample/lines",
            {"product": "nail"},
            {"quantity": 1},
            {"product": "screw", "quantity": 32767},
            {"order": "/sample/orders"},
            versioned=False,
        ),
        Shape("/sample/vouchers", {"code": "SPRING"}, changes={"code": "SUMMER"}),
        Shape("/sample/comments", {"text": "well done"}, changes={"text": "two\nlines"}),
        Shape("/sample/notes", {"text": "milk"}, changes={"text": "two\nlines"}),
    )
}
