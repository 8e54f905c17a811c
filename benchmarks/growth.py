"""Measures growth with the table: a page's time by depth and size, and an export's memory by rows."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import export, load
from benchmarks.database import Databases
from benchmarks.load import Request
from benchmarks.programs import FASTAPI_SYNC, PRODUCT
from benchmarks.runner import Tick
from benchmarks.servers import Server

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DEPTHS = (0, 100, 1_000, 10_000, 90_000, 500_000, 999_900)
DEEP = 90_000
EXPORTS = (10_000, 100_000, 1_000_000)
#: The largest export of the others, because their array takes too long for more.
ARRAY_ROWS = 100_000


def pages(databases: Databases, largest: int, rounds: int, tick: Tick) -> list[dict[str, Any]]:
    """The median time of one client's page in milliseconds, by size of the table, and by depth in the largest one."""
    sizes = [size for size in SIZES if size <= largest]
    points = [(size, 0) for size in sizes] + [(largest, depth) for depth in DEPTHS if 0 < depth < largest]
    found: dict[tuple[int, int], list[float]] = {point: [] for point in points}
    with contextlib.ExitStack() as stack:
        servers = {size: stack.enter_context(Server(PRODUCT, databases.holding(size))) for size in sizes}
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for size, depth in points:
            request = Request("GET", page(databases, size, depth))
            assert servers[size].answer(request)[0] == 200
            (directory / f"{size}-{depth}").write_text(request.line())
        for _ in range(rounds):
            for size, depth in points:
                tick(f"page at depth {depth:,} of {size:,}", 1)
                server, path = servers[size], directory / f"{size}-{depth}"
                found[size, depth].append(load.run(server.url, path, 1, 1, dict(PRODUCT.headers)).p50_ms)
    return [{"rows": rows, "depth": depth, "p50_ms": values} for (rows, depth), values in found.items()]


def page(databases: Databases, rows: int, depth: int) -> str:
    """The path of the page after ``depth`` items."""
    if not depth:
        return "/items?limit=100"
    statement = f"SELECT id::text FROM items_item ORDER BY items_item.id DESC LIMIT 1 OFFSET {depth - 1}"
    [[key]] = databases.execute(f"items_{rows}", statement)
    return PRODUCT.page_after(str(key), depth)


def exports(databases: Databases, largest: int, tick: Tick) -> list[dict[str, Any]]:
    """Memory and time of an export by rows, for the stream and for FastAPI's array."""
    found = []
    for rows in (rows for rows in EXPORTS if rows <= largest):
        url = databases.holding(rows)
        for program in (PRODUCT, FASTAPI_SYNC):
            if program is PRODUCT or rows <= ARRAY_ROWS:
                tick(f"export of {rows:,} by {program.title}", 3)
                found.append({"program": program.name, "rows": rows, **export.measure(program, url, rows)})
    return found
