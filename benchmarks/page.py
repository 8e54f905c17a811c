"""Writes the main results of a whole run between the markers of docs/performance.md. All results are in results/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from benchmarks.report import Report, name_of
from benchmarks.targets import Verdict, judge

PAGE = ROOT / "docs" / "performance.md"


def update(results: dict[str, Any], path: Path, page: Path) -> None:
    """Writes the results of the JSON file ``path`` into the page."""
    name = {"benchmark": "results"}.get(kind := results["settings"]["kind"], kind)
    text = page.read_text()
    section = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    content = "\n\n".join([about(results, path), *tables(results), *plots(path)])
    page.write_text(section.sub(lambda found: f"{found.group(1)}{content}\n{found.group(2)}", text))


def about(results: dict[str, Any], path: Path) -> str:
    """Date, machine, and the place of all tables."""
    machine, settings = results["machine"], results["settings"]
    return (
        f"{machine['date']}, revision {machine['revision']}, {machine['cpus']} CPUs ({machine['cpu']}), "
        f"{machine['memory']}, Linux {machine['kernel']}, Python {machine['python']}, {settings['rows']:,} items, "
        f"{settings['rounds']} rounds, {settings['minutes']:g} minutes. "
        f"[All tables](../benchmarks/results/{path.stem}.md)."
    )


def tables(results: dict[str, Any]) -> list[str]:
    """The targets, with their title one level lower. "" for a run without targets."""
    report = ratios(judge(results))
    return [f"#{report.markdown()}"] if report.rows else []


def ratios(verdicts: list[Verdict]) -> Report:
    """A row for each target, a column for each rival."""
    titles, rivals = (list(dict.fromkeys(getattr(one, name) for one in verdicts)) for name in ("title", "rival"))
    found = {(one.title, one.rival): one for one in verdicts}
    rows = [[title, *(ratio(found.get((title, rival))) for rival in rivals)] for title in titles]
    head = ["", *(name_of(rival) or "alone" for rival in rivals)]
    return Report("ratios", "Ours over theirs (target)", head, rows)


def ratio(verdict: Verdict | None) -> str:
    """`9.1 (≥ 5)`, in bold if the target is not met."""
    if verdict is None:
        return ""
    value = "invalid" if verdict.value is None else f"{verdict.value:.3g}"
    return f"{value} ({verdict.bound})" if verdict.met else f"**{value} ({verdict.bound})**"


def plots(path: Path) -> list[str]:
    """The plots of the run. The names of a quick run's plots have one more part."""
    parts = path.stem.count("-") + 1
    found = sorted(one for one in path.parent.glob(f"{path.stem}-*.svg") if one.stem.count("-") == parts)
    return [f"![{one.stem.removeprefix(f'{path.stem}-')}](../{one.relative_to(ROOT)})" for one in found]
