"""Writes the tables to the terminal and as Markdown, and the files in results/."""

from __future__ import annotations

import json
import statistics
import subprocess
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import DEFAULT, Cells, Estimate, Range, dollars_per_million, figure, paired, within
from benchmarks.figures import beside as beside_of
from benchmarks.machine import OPPONENT_PYTHON, ROOT
from benchmarks.plan import TITLES
from benchmarks.programs import EVERYBODY
from benchmarks.targets import Verdict, judge

PROGRAM_TITLES = {program.name: program.title for program in EVERYBODY}
WORDS = {True: "met", False: "NOT MET"}
MINIMUM_WIDTH = 230


class Report:
    """A table as text: title, column heads, rows and caption. ``name`` identifies it."""

    def __init__(self, name: str, title: str, head: list[str], rows: list[list[str]], caption: str = ""):
        self.name, self.title, self.head, self.rows, self.caption = name, title, head, rows, caption

    def markdown(self) -> str:
        """The table as Markdown."""
        alignment = ["---", *["---:"] * (len(self.head) - 1)]
        lines = [f"| {' | '.join(line)} |" for line in (self.head, alignment, *self.rows)]
        return "\n\n".join([f"## {self.title}", "\n".join(lines), *([self.caption] if self.caption else [])])

    def rich(self) -> Table:
        """The table for the terminal. Targets that are not met are red."""
        table = Table(*self.head, title=self.title, title_justify="left", caption=self.caption, caption_justify="left")
        for row in self.rows:
            table.add_row(*row, style="red" if row[-1] == WORDS[False] else None)
        return table


def reports(results: dict[str, Any]) -> list[Report]:
    """The tables for these results."""
    cells = results["cells"]
    made = [
        ratios(judge(results)),
        throughput(cells, results.get("ceiling", {})),
        latencies(cells),
        resources(cells),
        exports(results.get("export", {})),
        pages(results.get("pages", [])),
        growing_exports(results.get("exports", [])),
        tasks(results.get("tasks", [])),
        costs(results.get("features", {})),
        beside("Optimisations undone", results.get("without", {})),
        *(size(entry) for entry in results.get("sizes", [])),
    ]
    return [report for report in made if report.rows]


def ratios(verdicts: list[Verdict]) -> Report:
    """Our figures divided by theirs, with the targets."""
    rows = [
        [
            one.title,
            name_of(one.rival),
            "invalid" if one.value is None else f"{one.value:.3g}",
            one.bound,
            WORDS[bool(one.met)],
            "" if one.limit is None else f"{one.limit:.3g}",
        ]
        for one in verdicts
    ]
    head = ["", "rival", "ratio", "target", "", "the floor under our worker over theirs"]
    return Report("ratios", "Ours over theirs, ratios of medians", head, rows)


def throughput(cells: Cells, ceiling: dict[str, float]) -> Report:
    """Requests per second: medians with their range."""
    names = present(cells)
    rows = []
    for cell, programs in cells.items():
        texts = [spread(programs.get(name, []), figure(cells, cell, name, "per_second")) for name in names]
        rows.append([*cell_title(cell), *texts, f"{ceiling[cell]:,.0f}" if cell in ceiling else ""])
    return Report(
        "throughput",
        "Requests per second: median (smallest to largest round)",
        ["", "clients", *map(name_of, names), "pgbench"],
        rows,
    )


def spread(samples: list[dict[str, Any]], values: Range | None) -> str:
    """`1,000 (900 to 1,100)`, or the errors of a cell that does not count, or "" without a measurement."""
    if not samples:
        return ""
    if not values:
        return f"invalid: {sum(sample['errors'] for sample in samples)} errors"
    return f"{values.median:,.0f} ({values.smallest:,.0f} to {values.largest:,.0f})"


def latencies(cells: Cells) -> Report:
    """p50 and p99."""
    names = present(cells)
    rows = [[*cell_title(cell), *(latency(cells, cell, name) for name in names)] for cell in cells]
    return Report("latencies", "Milliseconds: p50 / p99", ["", "clients", *map(name_of, names)], rows)


def latency(cells: Cells, cell: str, name: str) -> str:
    """`1.23 / 4.56`."""
    values = [figure(cells, cell, name, what) for what in ("p50_ms", "p99_ms")]
    return " / ".join(f"{value.median:,.2f}" for value in values if value)


def resources(cells: Cells) -> Report:
    """The server's CPU time and price of a request, and its memory, with 8 clients."""
    rows = []
    for name in present(cells):
        for cell in (cell for cell in cells if cell.endswith("@8")):
            cpu, memory = figure(cells, cell, name, "cpu_us"), figure(cells, cell, name, "memory_mb")
            if cpu and memory:
                dollars = dollars_per_million(cpu.median)
                rows.append(
                    [
                        name_of(name),
                        cell_title(cell)[0],
                        f"{cpu.median:,.0f}",
                        f"{dollars:.4f}",
                        f"{memory.median:,.0f}",
                    ]
                )
    return Report(
        "resources",
        "CPU time, cost and memory at 8 clients",
        ["", "", "CPU µs a request", "USD a million requests", "memory MB"],
        rows,
    )


def exports(export: dict[str, list[dict[str, Any]]]) -> Report:
    """100,000 items."""
    keys = ("first_byte_s", "total_s", "growth_mb")
    rows = []
    for name, samples in export.items():
        good = all(sample["alive"] and not sample["errors"] for sample in samples)
        medians = [statistics.median(sample[key] for sample in samples) for key in keys]
        rows.append([name_of(name), *(f"{value:.3g}" if good else "invalid" for value in medians)])
    return Report("exports", "100,000 items exported", ["", "first byte, s", "in all, s", "memory grown by, MB"], rows)


def pages(found: list[dict[str, Any]]) -> Report:
    """A page by depth and size."""
    rows = [[f"{one['rows']:,}", f"{one['depth']:,}", f"{statistics.median(one['p50_ms']):.2f}"] for one in found]
    return Report("pages", "One client's page of 100", ["items in the table", "depth", "ms"], rows)


def growing_exports(found: list[dict[str, Any]]) -> Report:
    """Memory by rows."""
    rows = [
        [name_of(one["program"]), f"{one['rows']:,}", f"{one['growth_mb']:.0f}", f"{one['total_s']:.2f}"]
        for one in found
    ]
    return Report("growing_exports", "The export by rows", ["", "items", "memory grown by, MB", "in all, s"], rows)


def tasks(found: list[dict[str, Any]]) -> Report:
    """Several containers."""
    rows = [[str(one["tasks"]), f"{statistics.median(one['per_second']):,.0f}"] for one in found]
    return Report(
        "tasks",
        "Tasks of 0.25 vCPU behind a proxy, GET /items/{id}, 64 clients",
        ["tasks", "requests per second"],
        rows,
    )


CHANGE = (
    "A change is the median, over the rounds, of the ratio to the default in the same round, because what differs "
    "between two rounds is the machine; in brackets the median's 95 % confidence interval, by order statistics "
    "(binomial, whatever the distribution). One interval in twenty misses by chance."
)


def beside(title: str, cells: Cells) -> Report:
    """Each program divided by the default, round by round."""
    rows = []
    for cell, programs in cells.items():
        for name, samples in programs.items():
            row = [cell_title(cell)[0], name]
            for what in ("per_second", "cpu_us"):
                value = figure(cells, cell, name, what)
                row.append(f"{value.median:,.0f}" if value else spread(samples, value))
                row.append("" if name == DEFAULT else change(paired(cells, cell, name, DEFAULT, what)))
            rows.append(row)
    head = ["", "", "requests per second", "change", "CPU µs a request", "change"]
    return Report("beside", f"{title}, against the default, 8 clients", head, rows, CHANGE)


COST = (
    "A change is the median, over the rounds, of the ratio to the default that ran directly before or after it; in "
    "brackets the median's 95 % confidence interval, by order statistics (binomial, whatever the distribution). One "
    "interval in twenty misses by chance. Within 5 %: all of the throughput's interval is; not within: none of it; "
    "else the rounds did not decide it."
)


def costs(cells: Cells) -> Report:
    """Each feature divided by the default that ran next to it, pair by pair."""
    rows = []
    for cell, programs in cells.items():
        for name in (name for name in programs if not name.startswith(DEFAULT)):
            other, row = beside_of(name), [cell_title(cell)[0], name]
            for what in ("per_second", "cpu_us"):
                pair = [figure(cells, cell, one, what) for one in (other, name)]
                row.append(" → ".join(f"{value.median:,.0f}" if value else "invalid" for value in pair))
                row.append(change(paired(cells, cell, name, other, what)))
            rows.append([*row, within(paired(cells, cell, name, other, "per_second"))])
    head = ["", "", "requests per second", "change", "CPU µs a request", "change", ""]
    return Report("costs", "Features on, each beside the default, 8 clients", head, rows, COST)


def change(ratio: Estimate | None) -> str:
    """`-3.1% (-4.0% to -2.5%)`."""
    if not ratio:
        return "invalid"
    interval = " ({:+.1%} to {:+.1%})".format(*(bound - 1 for bound in ratio.interval)) if ratio.interval else ""
    return f"{ratio.median - 1:+.1%}{interval}"


def size(entry: dict[str, Any]) -> Report:
    """The table for one of Fargate's sizes."""
    cells, names = entry["cells"], list(next(iter(entry["cells"].values())))
    rows = []
    for cell in cells:
        values = [(figure(cells, cell, name, "per_second"), figure(cells, cell, name, "p99_ms")) for name in names]
        texts = [f"{rate.median:,.0f}, p99 {p99.median:,.0f} ms" if rate and p99 else "invalid" for rate, p99 in values]
        rows.append([*cell_title(cell), *texts])
    return Report(
        "size", f"{entry['cpus']:g} vCPU: requests per second by workers x threads", ["", "clients", *names], rows
    )


def present(cells: Cells) -> list[str]:
    """The programs of these cells, in their usual order."""
    return [name for name in PROGRAM_TITLES if any(name in row for row in cells.values())]


def name_of(program: str) -> str:
    """The program's title."""
    return PROGRAM_TITLES.get(program, program)


def cell_title(cell: str) -> list[str]:
    """The endpoint's title and the clients."""
    endpoint, clients = cell.split("@")
    return [TITLES[endpoint], clients]


def met(results: dict[str, Any]) -> bool:
    """Whether every measured target is met."""
    return all(one.met for one in judge(results))


def show(console: Console, results: dict[str, Any]) -> None:
    """Prints the tables. A wide line is better than a figure on three lines."""
    console.width = max(console.width, MINIMUM_WIDTH)
    for report in reports(results):
        console.print(report.rich())


def write(path: Path, results: dict[str, Any]) -> None:
    """Writes the results as JSON, the tables as Markdown and the plots as SVG into one folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
    about = [f"- {name}: {value}" for name, value in (results["machine"] | results["settings"]).items()]
    parts = ["# Results", "\n".join(about), *(report.markdown() for report in reports(results))]
    path.with_suffix(".md").write_text("\n\n".join(parts) + "\n")
    subprocess.run([str(OPPONENT_PYTHON), "-m", "benchmarks.plots", str(path)], cwd=ROOT, check=True)
