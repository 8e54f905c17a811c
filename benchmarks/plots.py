"""Draws a panel for each row and a bar for each program: `python -m benchmarks.plots FILE.svg`, with the JSON of
``report.plotted`` as its input. It needs matplotlib."""

from __future__ import annotations

import json
import sys
from typing import Any

import matplotlib as mpl

mpl.use("svg")
# A fixed salt makes the same file from the same results; text stays text, which is smaller.
mpl.rcParams.update({"svg.hashsalt": "benchmark", "svg.fonttype": "none", "font.size": 9})
from matplotlib import pyplot as plt  # noqa: E402

OURS, OTHERS = "#0b6e4f", ("#c44536", "#e07a3f", "#6b7fd7", "#b9b9b9")
PANEL = (2.4, 2.8)


def draw(rows: dict[str, dict[str, list[float]]]) -> Any:
    """Medians in requests per second, with the range of the rounds."""
    drawing, axes = plt.subplots(
        1, len(rows), figsize=(PANEL[0] * len(rows), PANEL[1]), squeeze=False, layout="constrained"
    )
    for axis, (title, cells) in zip(axes[0], rows.items(), strict=True):
        low, medians, high = zip(*cells.values(), strict=True)
        reach = [
            [middle - least for middle, least in zip(medians, low, strict=True)],
            [most - middle for middle, most in zip(medians, high, strict=True)],
        ]
        axis.bar(range(len(cells)), medians, color=[OURS, *OTHERS][: len(cells)], yerr=reach, ecolor="#777777")
        axis.set_title(title)
        axis.set_xticks(range(len(cells)), list(cells), rotation=60, ha="right")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("requests per second")
    return drawing


if __name__ == "__main__":
    draw(json.load(sys.stdin)).savefig(sys.argv[1], bbox_inches="tight", metadata={"Date": None})
