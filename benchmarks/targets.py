"""The targets: ratios of medians, our figure divided by theirs."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.figures import Cells, ratio
from benchmarks.growth import DEEP
from benchmarks.plan import TITLES

OURS = "itemsvc"
SYNC, NINJA, FLOOR, OWN_FLOOR = "fastapi_sync", "django_ninja", "floor", "own_floor"
#: Both FastAPI async programs have the same bounds.
ASYNCPG, ORM = "fastapi_asyncpg", "fastapi_orm_async"

#: Lower bounds for requests per second, by cell and rival.
THROUGHPUT = {
    "list@8": {SYNC: 5, ASYNCPG: 4, ORM: 4, NINJA: 4, FLOOR: 0.8},
    "get@8": {SYNC: 2.3, ASYNCPG: 2, ORM: 2, NINJA: 1.3, FLOOR: 0.6},
    "post@8": {SYNC: 3, ASYNCPG: 2, ORM: 2, NINJA: 1.3, FLOOR: 0.6},
    "health@1": {SYNC: 1, ASYNCPG: 1, ORM: 1, NINJA: 2, FLOOR: 0.9},
    "health@8": {SYNC: 1, ASYNCPG: 1, ORM: 1, NINJA: 2, FLOOR: 0.9},
    "health@64": {SYNC: 2, ASYNCPG: 1, ORM: 1, NINJA: 2, FLOOR: 0.9},
}
#: Upper bounds for p99.
P99 = {f"{endpoint}@64": {SYNC: 0.6, ASYNCPG: 0.6, ORM: 0.6, NINJA: 0.8} for endpoint in ("list", "get", "post")}
#: Upper bounds for the export against FastAPI sync's array, and for its growth in MB.
EXPORT = {"first_byte_s": ("first byte", 1 / 15), "total_s": ("in all", 1 / 3)}
EXPORT_GROWTH_MB = 25
#: Upper bound for a page's time divided by the first page's time in the smallest table.
PAGE_GROWTH = 1.2


@dataclass(frozen=True)
class Verdict:
    """A target's title, rival, bound as text, value, and whether it is met (None: not measured).

    ``limit`` is the same ratio for the floor under the service's own worker, which is the fastest program.
    """

    title: str
    rival: str
    bound: str
    value: float | None
    met: bool | None
    limit: float | None = None


def judge(results: dict[str, Any]) -> list[Verdict]:
    """The verdicts of all measured targets. An invalid cell of a rival does not meet a target."""
    cells = results["cells"]
    found = [
        replace(
            verdict(title(cell, what), rival, ratio(cells, cell, OURS, rival, figure), bound, at_most=at_most),
            limit=ratio(cells, cell, OWN_FLOOR, rival, figure),
        )
        for targets, figure, what, at_most in ((THROUGHPUT, "per_second", "", False), (P99, "p99_ms", "p99, ", True))
        for cell, row in targets.items()
        for rival, bound in row.items()
        if measured(cells, cell, rival)
    ]
    return [*found, *judge_export(results.get("export", {})), *judge_pages(results.get("pages", []))]


def measured(cells: Cells, cell: str, rival: str) -> bool:
    """Whether both programs were measured."""
    return {OURS, rival} <= set(cells.get(cell, {}))


def title(cell: str, what: str) -> str:
    """`p99, GET /items, 64 clients`."""
    endpoint, clients = cell.split("@")
    return f"{what}{TITLES[endpoint]}, {clients} client{'s' if clients != '1' else ''}"


def judge_export(export: dict[str, list[dict[str, Any]]]) -> list[Verdict]:
    """The verdicts of the export of 100,000 items, against FastAPI sync's array."""
    if not {OURS, SYNC} <= set(export):
        return []
    valid = all(sample["alive"] and not sample["errors"] for name in (OURS, SYNC) for sample in export[name])
    median = {
        name: {key: statistics.median(sample[key] for sample in export[name]) for key in export[name][0]}
        for name in (OURS, SYNC)
    }
    found = [
        verdict(
            f"100,000 items, {what}",
            SYNC,
            median[OURS][key] / median[SYNC][key] if valid else None,
            bound,
            at_most=True,
        )
        for key, (what, bound) in EXPORT.items()
    ]
    growth = median[OURS]["growth_mb"] if valid else None
    return [*found, verdict("100,000 items, MB grown by", "", growth, EXPORT_GROWTH_MB, at_most=True)]


def judge_pages(pages: list[dict[str, Any]]) -> list[Verdict]:
    """The verdicts of the largest table's first and deep page, against the first page of the smallest table."""
    times = {(page["rows"], page["depth"]): statistics.median(page["p50_ms"]) for page in pages}
    if not times:
        return []
    smallest, largest = min(times), max(rows for rows, _ in times)
    return [
        verdict(
            f"page time, {what} over page 1 of {smallest[0]:,}",
            "",
            times[point] / times[smallest],
            PAGE_GROWTH,
            at_most=True,
        )
        for what, point in ((f"depth {DEEP:,}", (largest, DEEP)), (f"page 1 of {largest:,}", (largest, 0)))
        if point in times
    ]


def verdict(text: str, rival: str, value: float | None, bound: float, *, at_most: bool) -> Verdict:
    """Compares a value with its bound. A target without a value is not met."""
    met = value is not None and (value <= bound if at_most else value >= bound)
    return Verdict(text, rival, f"{'≤' if at_most else '≥'} {bound:.3g}", value, met)
