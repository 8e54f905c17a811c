"""Runs the parts of the whole benchmark."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from benchmarks import ceiling, containers, export, growth, plan, targets
from benchmarks.database import Databases
from benchmarks.plan import Cell
from benchmarks.programs import Program
from benchmarks.progress import Progress
from benchmarks.runner import Bench, Budget, load_seconds

#: The numbers of clients and the seconds for the database's ceiling.
CEILING_CLIENTS, CEILING_SECONDS = (8, 64), 1
# Seconds of a part without its load, for the progress line.
EXPORT_SECONDS = 4


def measure(
    databases: Databases,
    budget: Budget,
    programs: tuple[Program, ...],
    cells: list[tuple[Cell, int, int]],
    progress: Progress,
    *,
    whole: bool,
) -> dict[str, Any]:
    """Measures the cells. A whole run also measures the ceiling, exports, growth and tasks."""
    settings = {"rows": budget.rows, "rounds": max((rounds for _, rounds, _ in cells), default=0)}
    results: dict[str, Any] = {"settings": settings}
    data = plan.Data.of(databases, budget.rows)
    bench = Bench(databases, data, budget.rows, progress.tick)
    progress.total = load_seconds(programs, cells)
    if whole:
        progress.total += rest_seconds(budget, programs, cells)
    bench.run(programs, cells)
    results["cells"] = bench.as_json()
    if whole:
        results["ceiling"] = ceilings(databases, data, budget, cells, progress)
        present = tuple(program for program in programs if program.name not in bench.absent)
        results["export"] = exports(databases, budget, present, progress)
        results["pages"] = growth.pages(databases, budget.rows, budget.page_rounds, progress.tick)
        results["exports"] = growth.exports(databases, budget.rows, progress.tick)
        if budget.task_rounds and containers.available():
            results["tasks"] = containers.tasks(databases, data, budget, progress.tick)
    return results


def rest_seconds(budget: Budget, programs: tuple[Program, ...], cells: list[tuple[Cell, int, int]]) -> float:
    """The approximate seconds of the parts after the cells."""
    pages = (len(growth.SIZES) + len(growth.DEPTHS)) * budget.page_rounds
    return len(cells) * CEILING_SECONDS + (len(programs) + 2 * budget.export_rounds - 2) * EXPORT_SECONDS + pages


def ceilings(
    databases: Databases, data: plan.Data, budget: Budget, cells: list[tuple[Cell, int, int]], progress: Progress
) -> dict[str, float]:
    """Statements per second by cell."""
    found = {}
    for cell in (cell for cell, _, _ in cells if cell.clients in CEILING_CLIENTS):
        progress.tick(f"{cell.key} pgbench", CEILING_SECONDS)
        value = ceiling.measure(databases, data, budget.rows, cell, CEILING_SECONDS)
        if value is not None:
            found[cell.key] = value
    return found


def exports(
    databases: Databases, budget: Budget, programs: tuple[Program, ...], progress: Progress
) -> dict[str, list[dict[str, Any]]]:
    """Each program's exports, in turn."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    url = databases.holding(export.ROWS)
    for number in range(budget.export_rounds):
        # One round is enough for a program that no target names.
        for program in (
            programs if number == 0 else [one for one in programs if one.name in (targets.OURS, targets.SYNC)]
        ):
            progress.tick(f"export {program.title}", EXPORT_SECONDS)
            found[program.name].append(export.measure(program, url, export.ROWS))
    return found
