"""The samples, their medians, the goals, and the tables of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.rows import Goal, Row


@dataclass(frozen=True)
class Sample:
    """One round of one program: requests per second, milliseconds, the server's CPU microseconds per request."""

    per_second: float
    p99_ms: float
    cpu_us: float
    errors: int


#: By the title of the row and the title of the program.
Results = Mapping[str, Mapping[str, list[Sample]]]
Table = list[list[str]]


@dataclass(frozen=True)
class Verdict:
    """A goal's row and rival, our figure divided by theirs (None: not measured, or not valid), and the bound."""

    row: str
    rival: str
    ratio: float | None
    bound: str
    met: bool


def figures(results: Results, row: str, program: str, name: str) -> list[float]:
    """Smallest, median and largest of the rounds; nothing if any round had an error or no response."""
    samples = results.get(row, {}).get(program, [])
    if not samples or any(sample.errors or not sample.per_second for sample in samples):
        return []
    values = [getattr(sample, name) for sample in samples]
    return [min(values), statistics.median(values), max(values)]


def judge(results: Results, rows: Iterable[Row]) -> list[Verdict]:
    """The verdicts of all goals of these rows."""
    return [verdict(results, row, goal) for row in rows for goal in row.goals]


def verdict(results: Results, row: Row, goal: Goal) -> Verdict:
    """Compares medians. A goal without a figure is not met."""
    ours = figures(results, row.title, row.programs[0].title, row.figure)
    theirs = figures(results, goal.row or row.title, goal.rival.title, row.figure)
    ratio = ours[1] / theirs[1] if ours and theirs else None
    at_most = row.figure == "p99_ms"
    met = ratio is not None and (ratio <= goal.bound if at_most else ratio >= goal.bound)
    rival = goal.rival.title if not goal.row else f"{goal.rival.title}, {goal.row}"
    return Verdict(row.title, rival, ratio, f"{'≤' if at_most else '≥'} {goal.bound:g}", met)


def goals(verdicts: list[Verdict]) -> Table:
    """A line for each goal, under its head."""
    lines = [
        [
            one.row,
            one.rival,
            "invalid" if one.ratio is None else f"{one.ratio:.2f}",
            one.bound,
            "met" if one.met else "**not met**",
        ]
        for one in verdicts
    ]
    return [["", "over", "ratio", "goal", ""], *lines]


def section(results: Results, rows: Iterable[Row]) -> Table:
    """A line for each row and a column for each program: median (smallest to largest), and our CPU time."""
    rows = list(rows)
    names = list(dict.fromkeys(program.title for row in rows for program in row.programs))
    lines = []
    for row in rows:
        cpu = figures(results, row.title, row.programs[0].title, "cpu_us")
        cells = [cell(results, row, name) for name in names]
        lines.append([row.title, *cells, f"{cpu[1]:,.0f}" if cpu else ""])
    unit = "p99, ms" if rows[0].figure == "p99_ms" else "requests per second"
    return [[unit, *names, f"CPU µs, {names[0]}"], *lines]


def cell(results: Results, row: Row, program: str) -> str:
    """`1,000 (900 to 1,100)`, or the errors, or "" without a measurement."""
    if not (samples := results.get(row.title, {}).get(program)):
        return ""
    if not (found := figures(results, row.title, program, row.figure)):
        return f"invalid: {sum(sample.errors for sample in samples)} errors"
    low, median, high = (f"{value:,.{1 if value < 100 else 0}f}" for value in found)
    return f"{median} ({low} to {high})"


def markdown(table: Table) -> str:
    """A table as Markdown."""
    head, *rest = table
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---", *["---:"] * (len(head) - 1)], *rest))
