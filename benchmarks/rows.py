"""What is measured: requests, the programs that answer them, and the goals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from benchmarks.database import KEPT, WRITES, Databases
from benchmarks.load import Request
from benchmarks.programs import ASYNCPG, FASTIFY, NINJA, ORDERS, OURS, SECOND_DOOR, SYNC, Program

#: The headers of axios and Angular, and the Content-Type of .NET and Java.
REAL = {"Accept": "application/json, text/plain, */*", "Content-Type": "application/json; charset=utf-8"}
#: wrk's and curl's.
BARE = {"Content-Type": "application/json"}
KEYS, TAGS = 5_000, 200
#: Items that a round of PUT and PATCH finds.
CHANGED = 10_000


@dataclass(frozen=True)
class Goal:
    """A bound for our figure divided by the rival's: at least ``bound``, at most for a latency.

    The rival answers the same row, or the row named ``row``.
    """

    rival: Program
    bound: float
    row: str = ""


@dataclass(frozen=True)
class Data:
    """Keys of items and orders to read, a time in the middle, keys of items to change, and a customer's key.

    ``ask`` sends a request to our own server and returns the response's headers.
    """

    keys: list[str]
    orders: list[str]
    time: str
    kept: list[str]
    customer: str
    ask: Callable[[Request], Mapping[str, str]] = field(default=lambda request: {})

    @classmethod
    def of(cls, databases: Databases, rows: int) -> Data:
        """Reads it from the databases."""
        databases.holding(rows)
        databases.for_writes()
        column = partial(_column, databases)
        name, some = f"items_{rows}", "ORDER BY md5(id::text) LIMIT"
        time = """SELECT to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM items_item ORDER BY id LIMIT 1"""
        return cls(
            keys=column(name, f"SELECT id::text FROM items_item {some} {KEYS}"),
            orders=column(name, f"SELECT id::text FROM sample_order {some} {KEYS}"),
            time=column(name, f"{time} OFFSET {rows // 2}")[0],
            kept=column(WRITES, "SELECT id::text FROM kept ORDER BY kept.id"),
            customer=column(WRITES, "SELECT id::text FROM sample_customer LIMIT 1")[0],
        )


@dataclass(frozen=True)
class Row:
    """Requests, who answers them with this status, and what is expected of the first program's figure.

    ``items``: how many the table holds before each round of a write; None for a read. ``in_order``: wrk sends each
    request once, because it cannot be repeated.
    """

    title: str
    requests: Callable[[Data], Iterator[Request]]
    programs: tuple[Program, ...]
    goals: tuple[Goal, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: REAL)
    items: int | None = None
    in_order: bool = False
    clients: int = 8

    @property
    def figure(self) -> str:
        """What is compared: requests per second, and with many clients the 99th percentile of the latency."""
        return "p99_ms" if self.clients == 64 else "per_second"


def _column(databases: Databases, database: str, statement: str) -> list[str]:
    return [value for [value] in databases.execute(database, statement)]


def get(path: str, data: Data) -> Iterator[Request]:
    """The same request every time."""
    yield Request("GET", path)


def get_one(data: Data) -> Iterator[Request]:
    """One item."""
    yield from (Request("GET", f"/items/{key}") for key in data.keys)


def get_known(data: Data) -> Iterator[Request]:
    """One item that the client has already."""
    for request in (Request("GET", f"/items/{key}") for key in data.keys[:TAGS]):
        yield Request("GET", request.path, header=f"If-None-Match: {data.ask(request)['etag']}")


def get_after_time(data: Data) -> Iterator[Request]:
    """A page of the items that are newer than a time."""
    yield Request("GET", f"/items?limit=100&created_after={data.time}")


def body(number: int) -> dict[str, str]:
    """An item to make."""
    return {"name": f"Folding oak lamp no. {number}", "description": "Made of oak, for the kitchen."}


def post(data: Data) -> Iterator[Request]:
    """A new item."""
    yield from (Request("POST", "/items", json.dumps(body(number))) for number in range(1000))


def post_once(data: Data) -> Iterator[Request]:
    """A new item with a key of its own, so that it is made once."""
    for number in range(KEPT):
        yield Request("POST", "/items", json.dumps(body(number)), f"Idempotency-Key: benchmark-{number}")


def post_bulk(data: Data) -> Iterator[Request]:
    """A hundred new items."""
    yield Request("POST", "/items", json.dumps([body(number) for number in range(100)]))


def put(data: Data) -> Iterator[Request]:
    """Another name and description."""
    yield from (Request("PUT", f"/items/{key}", json.dumps(body(n))) for n, key in enumerate(data.kept[:CHANGED]))


def put_if_match(data: Data) -> Iterator[Request]:
    """The same, of the version that the client knows: an item's first version is 1, and the rest is the bytes' hash."""
    for number, key in enumerate(data.kept):
        yield Request("PUT", f"/items/{key}", json.dumps(body(number)), f'If-Match: "1-{0:016x}"')


def patch(data: Data) -> Iterator[Request]:
    """Another name."""
    changes = ((key, json.dumps({"name": f"Lamp {n}"})) for n, key in enumerate(data.kept[:CHANGED]))
    yield from (Request("PATCH", f"/items/{key}", text) for key, text in changes)


def delete(data: Data) -> Iterator[Request]:
    """Each item once."""
    yield from (Request("DELETE", f"/items/{key}") for key in data.kept)


def get_order(data: Data) -> Iterator[Request]:
    """One order."""
    yield from (Request("GET", f"/sample/orders/{key}") for key in data.orders)


def get_receipt(data: Data) -> Iterator[Request]:
    """One order with its lines, which no plan reads."""
    yield from (Request("GET", f"/sample/receipts/{key}") for key in data.orders)


def post_order(data: Data) -> Iterator[Request]:
    """A new order."""
    for number in range(1000):
        order = {
            "customer": data.customer, "status": "paid", "total": f"{number}.50", "placed_on": "2026-02-03",
            "gift": True, "tags": ["oak", "new"], "details": {"note": f"number {number}", "weight": number},
        }  # fmt: skip
        yield Request("POST", "/sample/orders", json.dumps(order))


PEERS, ALL = (OURS, SYNC, ASYNCPG, FASTIFY), (OURS, SYNC, ASYNCPG, NINJA)
LIST = partial(get, "/items?limit=100")
GET_ONE, GET_100, POST = "GET one", "GET 100", "POST"


def over(sync: float, asyncpg: float, ninja: float | None = None) -> tuple[Goal, ...]:
    """Goals against these programs on the same row."""
    bounds = {SYNC: sync, ASYNCPG: asyncpg, NINJA: ninja}
    return tuple(Goal(rival, bound) for rival, bound in bounds.items() if bound is not None)


SECTIONS: dict[str, tuple[Row, ...]] = {
    "Real clients": (
        Row(GET_ONE, get_one, PEERS, over(4, 1.5)),
        Row(GET_100, LIST, PEERS, over(5, 1.5)),
        Row("GET 100, created_after", get_after_time, PEERS, over(4, 1.2)),
        Row(POST, post, PEERS, over(2.5, 1), 201, items=0),
        Row("PUT", put, PEERS, over(2.5, 1), items=CHANGED),
        Row("PATCH", patch, PEERS, over(2.5, 1), items=CHANGED),
    ),
    "Somebody else's middleware": (
        Row("GET one, other middleware", get_one, (SECOND_DOOR,), (Goal(SYNC, 2, GET_ONE),)),
        Row("GET 100, other middleware", LIST, (SECOND_DOOR,), (Goal(SYNC, 2, GET_100),)),
    ),
    "A second resource": (
        Row("GET one order", get_order, (ORDERS, SYNC, ASYNCPG, NINJA), (Goal(OURS, 0.6, GET_ONE),)),
        Row(
            "GET 100 orders", partial(get, "/sample/orders?limit=100"), (ORDERS, SYNC, ASYNCPG, NINJA),
            (Goal(OURS, 0.6, GET_100),),
        ),
        Row("POST an order", post_order, (ORDERS, SYNC, ASYNCPG, NINJA), (Goal(OURS, 0.6, POST),), 201, items=0),
    ),
    "Bare headers": (
        Row("GET one, bare", get_one, ALL, over(2.3, 2, 1.3), headers=BARE),
        Row("GET 100, bare", LIST, ALL, over(5, 4, 4), headers=BARE),
        Row("POST, bare", post, ALL, over(3, 2, 1.3), 201, BARE, items=0),
        Row("GET /health", partial(get, "/health"), ALL, over(1, 1, 2), headers=BARE),
    ),
    "64 clients, bare headers: p99": (
        Row("p99 of GET one", get_one, ALL, over(0.6, 0.6, 0.8), headers=BARE, clients=64),
        Row("p99 of GET 100", LIST, ALL, over(0.6, 0.6, 0.8), headers=BARE, clients=64),
        Row("p99 of POST", post, ALL, over(0.6, 0.6, 0.8), 201, BARE, items=0, clients=64),
    ),
    "Ours alone": (
        Row("GET one, If-None-Match", get_known, (OURS,), status=304),
        Row("PUT, If-Match", put_if_match, (OURS,), items=KEPT, in_order=True),
        Row("POST, Idempotency-Key", post_once, (OURS,), status=201, items=0, in_order=True),
        Row("POST of 100", post_bulk, (OURS,), status=201, items=0, clients=2),  # More are refused.
        Row("DELETE", delete, (OURS,), status=204, items=KEPT, in_order=True),
    ),
    "Django REST Framework's own path": (
        Row("GET one receipt, with its lines", get_receipt, (ORDERS,)),
        Row("GET 100 receipts, with their lines", partial(get, "/sample/receipts?limit=100"), (ORDERS,)),
    ),
}  # fmt: skip
