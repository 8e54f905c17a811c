"""Draws the plots of a results file: `python -m benchmarks.plots results.json`. It needs matplotlib."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
# A fixed salt makes the same file from the same results.
mpl.rcParams.update(
    {
        "svg.hashsalt": "itemsvc",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
    }
)
from matplotlib import pyplot as plt  # noqa: E402

from benchmarks.figures import Range, dollars_per_million, figure  # noqa: E402
from benchmarks.plan import TITLES  # noqa: E402
from benchmarks.programs import EVERYBODY  # noqa: E402

COLOURS = dict(
    zip(
        (program.name for program in EVERYBODY),
        ("#0b6e4f", "#c44536", "#e07a3f", "#f0b07f", "#6b7fd7", "#b9b9b9", "#333333", "#777777"),
        strict=True,
    )
)
PROGRAM_TITLES = {program.name: program.title for program in EVERYBODY}
ENDPOINTS = ("health", "list", "get", "post")
PANEL = (2.6, 2.8)


def bars(results: dict[str, Any], clients: int, name: str, label: str, scale: float = 1) -> plt.Figure | None:
    """A panel for each endpoint and a bar for each program, with the range of its rounds."""
    cells = results["cells"]
    endpoints = [endpoint for endpoint in ENDPOINTS if f"{endpoint}@{clients}" in cells]
    if not endpoints:
        return None
    drawing, axes = plt.subplots(1, len(endpoints), figsize=(PANEL[0] * len(endpoints), PANEL[1]), squeeze=False)
    for axis, endpoint in zip(axes[0], endpoints, strict=True):
        values = {program: figure(cells, f"{endpoint}@{clients}", program, name) for program in COLOURS}
        shown = {program: value for program, value in values.items() if value}
        heights = [value.median * scale for value in shown.values()]
        axis.bar(
            range(len(shown)),
            heights,
            color=[COLOURS[program] for program in shown],
            yerr=reach(shown, scale),
            ecolor="#777777",
        )
        axis.set_title(TITLES[endpoint])
        axis.set_xticks(range(len(shown)), [PROGRAM_TITLES[program] for program in shown], rotation=60, ha="right")
    axes[0][0].set_ylabel(label)
    drawing.suptitle(f"{clients} clients")
    return drawing


def reach(shown: dict[str, Range], scale: float) -> list[list[float]]:
    """The distances of the rounds below and above the median."""
    below = [(value.median - value.smallest) * scale for value in shown.values()]
    return [below, [(value.largest - value.median) * scale for value in shown.values()]]


def lines(title: str, label: str, curves: dict[str, list[tuple[float, float]]], across: str) -> plt.Figure | None:
    """Curves over a logarithmic axis. The other axis starts at zero."""
    if not any(curves.values()):
        return None
    drawing, axis = plt.subplots(figsize=(PANEL[0] * 2, PANEL[1]))
    for name, points in curves.items():
        axis.plot(*zip(*sorted(points), strict=True), marker="o", label=name)
    axis.set(title=title, xlabel=across, ylabel=label, xscale="log", ylim=(0, None))
    axis.legend(frameon=False)
    return drawing


def pages(results: dict[str, Any]) -> plt.Figure | None:
    """A page's time by depth and by size."""
    points = [(one["rows"], one["depth"], statistics.median(one["p50_ms"])) for one in results.get("pages", [])]
    largest = max((rows for rows, _, _ in points), default=0)
    curves = {
        f"by depth, in {largest:,} items": [(max(depth, 1), ms) for rows, depth, ms in points if rows == largest],
        "page 1, by items in the table": [(rows, ms) for rows, depth, ms in points if not depth],
    }
    return lines("A page of 100 items, one client", "ms", curves, "depth, or items")


def exports(results: dict[str, Any]) -> plt.Figure | None:
    """Memory of the export by rows."""
    found = results.get("exports", [])
    names = dict.fromkeys(one["program"] for one in found)
    curves = {
        PROGRAM_TITLES[name]: [(one["rows"], one["growth_mb"]) for one in found if one["program"] == name]
        for name in names
    }
    return lines("Memory of an export", "MB more than before", curves, "items exported")


def tasks(results: dict[str, Any]) -> plt.Figure | None:
    """Throughput by tasks."""
    found = results.get("tasks", [])
    if not found:
        return None
    drawing, axis = plt.subplots(figsize=PANEL)
    axis.bar(
        [str(one["tasks"]) for one in found], [statistics.median(one["per_second"]) for one in found], color="#0b6e4f"
    )
    axis.set(title="Tasks of 0.25 vCPU", xlabel="tasks", ylabel="requests per second")
    return drawing


def main(path: Path) -> None:
    """Writes NAME-PLOT.svg for every plot with figures in the results."""
    results = json.loads(path.read_text())
    drawings = {
        "throughput": bars(results, 8, "per_second", "requests per second"),
        "p99": bars(results, 64, "p99_ms", "p99, ms"),
        "cost": bars(results, 8, "cpu_us", "USD a million requests", dollars_per_million(1)),
        "pages": pages(results),
        "export": exports(results),
        "tasks": tasks(results),
    }
    for name, drawing in drawings.items():
        if drawing:
            drawing.savefig(path.with_name(f"{path.stem}-{name}.svg"), bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
