"""The tables, on the terminal and as Markdown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Cells, figure, valid
from benchmarks.plan import TITLES
from benchmarks.programs import EVERYBODY
from benchmarks.targets import Verdict, judge

PROGRAM_TITLES = {program.name: program.title for program in EVERYBODY}
WORDS = {True: "met", False: "NOT MET", None: "not measured"}
Rows = list[list[str]]


def throughput(cells: Cells) -> tuple[list[str], Rows]:
    """Requests per second, medians with their range."""
    names = [name for name in PROGRAM_TITLES if any(name in row for row in cells.values())]
    rows = []
    for cell, programs in cells.items():
        endpoint, clients = cell.split("@")
        rows.append([TITLES[endpoint], clients, *(_range(programs.get(name, []), cells, cell, name) for name in names)])
    return ["requests per second", "clients", *(PROGRAM_TITLES[name] for name in names)], rows


def _range(samples: list[dict[str, Any]], cells: Cells, cell: str, name: str) -> str:
    if not samples:
        return ""
    if not valid(samples):
        return f"invalid ({sum(sample['errors'] for sample in samples)} errors)"
    values = figure(cells, cell, name, "per_second")
    assert values
    return f"{values.median:,.0f} ({values.smallest:,.0f} to {values.largest:,.0f})"


def details(cells: Cells) -> tuple[list[str], Rows]:
    """p50, p99, CPU time of the server a request, memory."""
    rows = []
    for cell, programs in cells.items():
        endpoint, clients = cell.split("@")
        for name in programs:
            values = [figure(cells, cell, name, what) for what in ("p50_ms", "p99_ms", "cpu_us", "memory_mb")]
            texts = [
                f"{value.median:,.{digits}f}" if value else ""
                for value, digits in zip(values, (2, 2, 0, 0), strict=True)
            ]
            rows.append([TITLES[endpoint], clients, PROGRAM_TITLES[name], *texts])
    return ["", "clients", "program", "p50 ms", "p99 ms", "CPU µs a request", "memory MB"], rows


def ratios(verdicts: list[Verdict]) -> tuple[list[str], Rows]:
    """Ours over theirs, against what must come out."""
    rows = [
        [
            one.title,
            PROGRAM_TITLES.get(one.rival, one.rival),
            "" if one.value is None else f"{one.value:.2f}",
            one.bound,
            WORDS[one.met],
        ]
        for one in verdicts
    ]
    return ["ours over theirs", "rival", "ratio", "target", ""], rows


def measured(results: dict[str, Any]) -> list[Verdict]:
    """The targets that this run could judge, or should have: a rival's invalid cell is shown, and counts as not met."""
    return [one for one in judge(results) if one.met is not None]


def met(results: dict[str, Any]) -> bool:
    """Whether every target that was measured is met."""
    return all(one.met for one in measured(results))


def tables(results: dict[str, Any]) -> list[tuple[list[str], Rows]]:
    """All of them, in the order of the report."""
    cells = results["cells"]
    return [throughput(cells), details(cells), ratios(measured(results))]


def show(console: Console, results: dict[str, Any]) -> None:
    """On the terminal."""
    # Wider than a narrow terminal rather than broken into pieces.
    console.width = max(console.width, 180)
    for head, rows in tables(results):
        table = Table(*head)
        for row in rows:
            table.add_row(*row, style="red" if row[-1] == WORDS[False] else None)
        console.print(table)


def write(path: Path, results: dict[str, Any]) -> None:
    """The results as JSON, and the tables beside them as Markdown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
    parts = [markdown(head, rows) for head, rows in tables(results)]
    path.with_suffix(".md").write_text("\n\n".join(parts) + "\n")


def markdown(head: list[str], rows: Rows) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
