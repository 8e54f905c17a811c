"""docs/performance.md, and a decision's page: the tables and plots of a whole run, between its markers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from benchmarks.report import Report, reports

PAGE = ROOT / "docs" / "performance.md"
#: Where each optimisation has to earn its lines.
DECISION = ROOT / "docs" / "decisions" / "16-one-pass.md"
#: What the page shows of a benchmark's reports; the rest is in results/.
SHOWN = ("ratios", "throughput", "resources", "exports", "tasks")


def page_of(results: dict[str, Any]) -> Path:
    """Where they are shown."""
    return DECISION if "without" in results else PAGE


def update(results: dict[str, Any], path: Path, page: Path) -> None:
    """Writes the results of the JSON file ``path`` into the page."""
    name = {"benchmark": "results"}.get(kind := results["settings"]["kind"], kind)
    text = page.read_text()
    section = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    content = "\n\n".join([about(results), *tables(results, name), *plots(path)])
    page.write_text(section.sub(lambda found: f"{found.group(1)}{content}\n{found.group(2)}", text))


def about(results: dict[str, Any]) -> str:
    """When, on what."""
    machine, settings = results["machine"], results["settings"]
    return (
        f"{machine['date']}, revision {machine['revision']}, {machine['cpus']} CPUs ({machine['cpu']}), "
        f"{machine['memory']}, Linux {machine['kernel']}, Python {machine['python']}, {settings['rows']:,} items, "
        f"{settings['rounds']} rounds, {settings['minutes']:g} minutes."
    )


def tables(results: dict[str, Any], name: str) -> list[str]:
    """One below the other, their titles a level lower."""
    return [f"#{report.markdown()}" for report in reports(results) if name != "results" or is_shown(report)]


def is_shown(report: Report) -> bool:
    """Whether it is one of SHOWN."""
    return report.name in SHOWN


def plots(path: Path) -> list[str]:
    """Those that were drawn; a quick run's have one more part in their names."""
    parts = path.stem.count("-") + 1
    found = sorted(one for one in path.parent.glob(f"{path.stem}-*.svg") if one.stem.count("-") == parts)
    return [f"![{one.stem.removeprefix(f'{path.stem}-')}](../{one.relative_to(ROOT)})" for one in found]
