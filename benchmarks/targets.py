"""What must come out: ratios of medians, ours over theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.figures import Cells, ratio
from benchmarks.plan import TITLES

OURS = "itemsvc"
SYNC, ASYNC, NINJA, FLOOR = "fastapi_sync", "fastapi_async", "django_ninja", "floor"


@dataclass(frozen=True)
class Target:
    """``figure`` of ours over ``rival``'s in ``cell``, at least or at most ``bound``."""

    cell: str
    figure: str
    rival: str
    bound: float
    at_most: bool = False


@dataclass(frozen=True)
class Verdict:
    """A target's title and rival, the bound as text, the value, and whether it is met; None: not measured."""

    title: str
    rival: str
    bound: str
    value: float | None
    met: bool | None


THROUGHPUT = {
    "list@8": {SYNC: 5, ASYNC: 4, NINJA: 4, FLOOR: 0.8},
    "get@8": {SYNC: 2.3, ASYNC: 2, NINJA: 1.3, FLOOR: 0.6},
    "post@8": {SYNC: 3, ASYNC: 2, NINJA: 1.3, FLOOR: 0.6},
    "health@1": {SYNC: 1, ASYNC: 1, NINJA: 2, FLOOR: 0.9},
    "health@8": {SYNC: 1, ASYNC: 1, NINJA: 2, FLOOR: 0.9},
    "health@64": {SYNC: 2, ASYNC: 1, NINJA: 2, FLOOR: 0.9},
}
P99 = {f"{endpoint}@64": {SYNC: 0.6, ASYNC: 0.6, NINJA: 0.8} for endpoint in ("list", "get", "post")}

TARGETS = (
    *(Target(cell, "per_second", rival, bound) for cell, row in THROUGHPUT.items() for rival, bound in row.items()),
    *(Target(cell, "p99_ms", rival, bound, at_most=True) for cell, row in P99.items() for rival, bound in row.items()),
)


def judge(results: dict[str, Any]) -> list[Verdict]:
    """Every target against the results."""
    return [_judge(target, results["cells"]) for target in TARGETS]


def _judge(target: Target, cells: Cells) -> Verdict:
    value = ratio(cells, target.cell, OURS, target.rival, target.figure)
    endpoint, clients = target.cell.split("@")
    what = "p99, " if target.figure == "p99_ms" else ""
    return verdict(f"{what}{TITLES[endpoint]}, {clients} clients", target.rival, value, target.bound, target.at_most)


def verdict(title: str, rival: str, value: float | None, bound: float, at_most: bool) -> Verdict:
    """The comparison."""
    met = None if value is None else (value <= bound if at_most else value >= bound)
    return Verdict(title, rival, f"{'≤' if at_most else '≥'} {bound:g}", value, met)
