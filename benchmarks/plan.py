"""The plan for every program: endpoints, numbers of clients, and rounds."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.load import Request
from benchmarks.programs import Program

if TYPE_CHECKING:
    from benchmarks.database import Databases  # The plots' interpreter cannot import it.

DEPTH = 90_000
KEYS = 5_000
PHRASES = 200

TITLES = {
    "health": "GET /health",
    "list": "GET /items?limit=100",
    "depth": f"the same at depth {DEPTH:,}",
    "get": "GET /items/{id}",
    "post": "POST /items",
    "search": "GET /items?search=…",
}


@dataclass(frozen=True)
class Cell:
    """An endpoint with a number of clients."""

    endpoint: str
    clients: int

    @property
    def is_judged_by_p99(self) -> bool:
        """Whether it needs enough requests for a reliable p99."""
        return self.clients == 64 and self.endpoint != "health"

    @property
    def key(self) -> str:
        """`list@8`."""
        return f"{self.endpoint}@{self.clients}"


MAIN = tuple(
    Cell(endpoint, clients)
    for endpoint, counts in {"health": (1, 8, 64), "list": (8, 64), "get": (8, 64), "post": (8, 64)}.items()
    for clients in counts
)
OTHERS = tuple(
    Cell(endpoint, clients)
    for endpoint, counts in {
        "list": (1,), "get": (1,), "post": (1,), "depth": (1, 8, 64), "search": (1, 8, 64),
    }.items()
    for clients in counts
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """The data of the requests: random keys, the key before ``depth``, and phrases of few names."""

    keys: list[str]
    depth: int
    deep: str
    phrases: list[str]

    @classmethod
    def of(cls, databases: Databases, rows: int, depth: int = DEPTH) -> Data:
        """Reads it from the database with this number of items."""
        databases.holding(rows)
        name = f"items_{rows}"
        keys = databases.execute(name, f"SELECT id::text FROM items_item ORDER BY md5(id::text) LIMIT {KEYS}")
        [[deep]] = databases.execute(
            name, f"SELECT id::text FROM items_item ORDER BY items_item.id DESC LIMIT 1 OFFSET {depth - 1}"
        )
        return cls([str(key) for [key] in keys], depth, str(deep), _phrases())

    def requests(self, program: Program, endpoint: str) -> list[Request]:
        """The requests for this program."""
        made: dict[str, Iterator[Request]] = {
            "health": iter([Request("GET", "/health")]),
            "list": iter([Request("GET", f"/items{program.slash}?limit=100")]),
            "depth": iter([Request("GET", program.page_after(self.deep, self.depth))]),
            "get": (Request("GET", f"/items/{key}{program.slash}") for key in self.keys),
            "post": (Request("POST", f"/items{program.slash}", body) for body in _bodies()),
            "search": (
                Request("GET", f"/items{program.slash}?limit=100&search={program.searching(phrase)}")
                for phrase in self.phrases
            ),
        }
        return list(made[endpoint])


def _phrases() -> list[str]:
    source = random.Random(1)
    return [f"lamp+no.+{source.randint(100, 999)}" for _ in range(PHRASES)]


def _bodies() -> Iterator[str]:
    for number in range(1000):
        yield json.dumps({"name": f"Folding oak lamp no. {number}", "description": "Made of oak, for the kitchen."})
