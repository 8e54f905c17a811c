"""The generated parts of docs/reliability.md."""

from __future__ import annotations

import json
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

PAGE = Path("docs/reliability.md")


def taken() -> str:
    """A sentence with date and machine."""
    cpus, memory = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    where = (
        f"{platform.system()} {platform.machine()}, {cpus} CPUs, {memory:.0f} GiB, Python {platform.python_version()}"
    )
    return f"Taken {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {where}."


def write_block(name: str, text: str) -> None:
    """Replaces the text between the page's two markers of this name."""
    begin, end = f"<!-- {name}: begin, generated -->", f"<!-- {name}: end -->"
    page = PAGE.read_text()
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", page))


def table(rows: list[dict[str, Any]]) -> str:
    """The fault table as Markdown."""
    names = "fault", "clients saw", "`/health` saw", "recovered in", "lost, doubled", "on `gthread`", "lost, doubled"
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    signals = ["| signal | clients saw | ended in | exit code | on `gthread` |", f"|{'---|' * 5}"]
    others = {row["fault"]: row for row in rows if row["worker"] == "gthread"}
    slow = ["| 16 clients, 2 threads | another's request, at worst | on `gthread` |", f"|{'---|' * 3}"]
    for row in (row for row in rows if row["worker"] != "gthread"):
        other = others.get(row["fault"])
        if "slow" in row:
            slow.append(f"| each {row['fault']} | {row['slow']} | {other['slow'] if other else ''} |")
            continue
        if "exit_code" in row:
            there = f"{other['clients']}, {other['ended_seconds']} s, {other['exit_code']}" if other else ""
            figures = f"{row['clients']} | {row['ended_seconds']} s | {row['exit_code']} | {there}"
            signals.append(f"| {row['fault']} | {figures} |")
            continue
        there = f"{seen(other['clients'])}; {other['recovery_seconds']} s" if other else ""
        there_too = f"{other['lost']}, {other['doubled']}" if other else ""
        lines.append(
            f"| {row['fault']} | {seen(row['clients'])} | {seen(row['probes'])} | {row['recovery_seconds']} s "
            f"| {row['lost']}, {row['doubled']} | {there} | {there_too} |"
        )
    return "\n".join([*lines, "", *signals, "", *slow])


def seen(outcomes: dict[str, int]) -> str:
    """How often clients saw what."""
    return ", ".join(f"{count} × {what}" for what, count in outcomes.items())


def write_faults(path: Path) -> None:
    """Writes and prints the table from a file with one JSON object per line."""
    text = table([json.loads(line) for line in path.read_text().splitlines()])
    print(text)
    write_block("faults", f"{taken()}\n\n{text}")


def write_fairness(path: Path) -> None:
    """Writes and prints the table of ``measure`` in fairness.py, from a file with one JSON object per line."""
    lines = ["| 32 clients | median, ms | worst | worst on `gthread` |", "|---|---|---|---|"]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    other = {row["kind"]: row["worst_ms"] for row in rows if row["worker"] == "gthread"}
    for row in (row for row in rows if row["worker"] == "itemsvc"):
        figures = " | ".join(str(row[name]) for name in ("median_ms", "worst_ms"))
        lines.append(f"| {row['kind']} | {figures} | {other.get(row['kind'], '')} |")
    text = "\n".join(lines)
    print(text)
    write_block("fairness", f"{taken()}\n\n{text}")


def write_soak(result: dict[str, Any], how: str = "") -> None:
    """Writes the figures of a soak test."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(result["by_kind"].items()))
    verdict = "Nothing failed, and all is within its bounds." if not result["faults"] else "; ".join(result["faults"])
    write_block(
        "soak-gthread" if os.environ.get("GUNICORN_WORKER") == "gthread" else "soak",
        f"{taken()} {how}".rstrip() + "\n\n"
        f"{result['requests']:,} requests in {result['seconds']} s ({kinds}). {warm(result)}{verdict}",
    )


def warm(result: dict[str, Any]) -> str:
    """The figures after the warm-up; "" when the test was too short for it."""
    if "memory_mib" not in result:
        return ""
    (before, after), files = result["memory_mib"], result["descriptors"]
    return (
        f"After {result['warm_up']:,} requests for warming up: memory {before} MiB at first, {after} MiB at last, "
        f"{result['growth_mib']:+} MiB for each 100,000 requests; {files[0]} to {files[1]} descriptors; "
        f"database connections: {', '.join(map(str, result['connections']))}. "
    )
