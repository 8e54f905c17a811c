"""Prints the tables, and writes them and their plots into results/ and docs/performance.md."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.machine import OPPONENT_PYTHON, ROOT
from benchmarks.results import Results, Table, Verdict, figures, goals, markdown, section
from benchmarks.rows import Row

FOLDER = Path(__file__).with_name("results")
DOCS = ROOT / "docs" / "performance.md"
MINIMUM_WIDTH = 200
GOALS = "Goals: ratios of medians"
#: Sections with a plot, and the plots' names.
PLOTS = {"Real clients": "throughput", "A second resource": "orders"}


def show(tables: dict[str, Table]) -> None:
    """Prints the tables. A wide line is better than a figure on three lines."""
    console = Console()
    console.width = max(console.width, MINIMUM_WIDTH)
    for title, (head, *lines) in tables.items():
        shown = RichTable(*head, title=title, title_justify="left")
        for line in lines:
            shown.add_row(*(cell.strip("*") for cell in line), style="red" if line[-1].startswith("**") else None)
        console.print(shown)


def tables(results: Results, sections: dict[str, tuple[Row, ...]], verdicts: list[Verdict]) -> dict[str, Table]:
    """The tables by their titles."""
    measured = {title: [row for row in rows if row.title in results] for title, rows in sections.items()}
    made = {title: section(results, rows) for title, rows in measured.items() if rows}
    return ({GOALS: goals(verdicts)} if verdicts else {}) | made


def write(about: str, made: dict[str, Table], results: Results, sections: dict[str, tuple[Row, ...]]) -> None:
    """Writes results/benchmark.md, the plots, and the goals into the documentation."""
    parts = [f"# Results\n\n{about}", *(f"## {title}\n\n{markdown(table)}" for title, table in made.items())]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "benchmark.md").write_text("\n\n".join(parts) + "\n")
    drawn = {FOLDER / f"benchmark-{name}.svg": plotted(results, sections[title]) for title, name in PLOTS.items()}
    for path, rows in drawn.items():
        command = [str(OPPONENT_PYTHON), "-m", "benchmarks.plots", str(path)]
        subprocess.run(command, cwd=ROOT, check=True, input=json.dumps(rows), text=True)
    pictures = [f"![{path.stem}](../benchmarks/results/{path.name})" for path in drawn]
    update(
        DOCS,
        "\n\n".join([f"{about} [All tables](../benchmarks/results/benchmark.md).", markdown(made[GOALS]), *pictures]),
    )


def plotted(results: Results, rows: Iterable[Row]) -> dict[str, dict[str, list[float]]]:
    """Smallest, median and largest figure by row and program."""
    found = {
        row.title: {one.title: figures(results, row.title, one.title, row.figure) for one in row.programs}
        for row in rows
    }
    return {title: {name: values for name, values in cells.items() if values} for title, cells in found.items()}


def update(page: Path, content: str) -> None:
    """Writes the content between the page's markers."""
    section = re.compile(r"(<!-- results: .*? -->\n).*?(<!-- end of results -->)", re.DOTALL)
    page.write_text(section.sub(lambda found: f"{found[1]}{content}\n{found[2]}", page.read_text()))
