"""`make bench`, `make bench QUICK=1`, and parts of it: `python -m benchmarks --quick --only list,get --clients 8`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import database, load, machine, plan, programs, report
from benchmarks.progress import Progress
from benchmarks.runner import FULL, QUICK, Bench, steps

RESULTS = Path(__file__).with_name("results")


def main() -> int:
    """Measures, prints the tables, writes the results; 1 if a target is not met."""
    arguments = parse()
    load.require()
    os.sched_setaffinity(0, {machine.CLIENT_CPU})
    collect_static()
    started = time.monotonic()
    with database.running() as databases:
        results = measure(databases, arguments)
    results["machine"] = machine.describe()
    results["settings"]["minutes"] = round((time.monotonic() - started) / 60, 1)
    report.show(Console(), results)
    if path := arguments.output or default_output(arguments):
        report.write(path, results)
    return 0 if report.met(results) else 1


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 3 minutes, fewer and shorter rounds")
    parser.add_argument("--only", metavar="ENDPOINT,…", help=f"of {', '.join(plan.TITLES)}")
    parser.add_argument("--clients", metavar="N,…", help="of 1, 8, 64")
    parser.add_argument("--programs", metavar="NAME,…", help=f"of {', '.join(p.name for p in programs.EVERYBODY)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="for every cell")
    parser.add_argument("--seconds", type=int, metavar="N", help="of each round")
    parser.add_argument(
        "--output", type=Path, metavar="FILE.json", help="default: benchmarks/results/, if nothing is left out"
    )
    return parser.parse_args()


def chosen(arguments: argparse.Namespace) -> tuple[tuple[programs.Program, ...], list[tuple[plan.Cell, int, int]]]:
    """The programs, and the cells with their rounds and seconds."""
    names = words(arguments.programs)
    those = tuple(program for program in programs.EVERYBODY if not names or program.name in names)
    budget = QUICK if arguments.quick else FULL
    cells = [(cell, arguments.rounds or budget.rounds, arguments.seconds or budget.seconds) for cell in plan.MAIN]
    other_rounds = arguments.rounds or budget.other_rounds or bool(arguments.only)
    cells += [(cell, other_rounds, arguments.seconds or 1) for cell in plan.OTHERS if other_rounds]
    only, clients = words(arguments.only), words(arguments.clients)
    return those, [
        entry
        for entry in cells
        if (not only or entry[0].endpoint in only) and (not clients or str(entry[0].clients) in clients)
    ]


def words(given: str | None) -> list[str]:
    """A comma-separated list."""
    return given.split(",") if given else []


def measure(databases: database.Databases, arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for."""
    rows = plan.QUICK_ROWS if arguments.quick else plan.ROWS
    those, cells = chosen(arguments)
    data = plan.Data.of(databases, rows)
    with Progress(sum(steps(those, cells))) as progress:
        bench = Bench(databases, data, rows, progress.tick)
        bench.run(those, cells)
    rounds = [count for _, count, _ in cells]
    settings = {"rows": rows, "rounds": max(rounds, default=0), "quick": arguments.quick}
    return {"settings": settings, "cells": bench.as_json()}


def default_output(arguments: argparse.Namespace) -> Path | None:
    """Where a whole run is kept; what left something out is not."""
    if arguments.only or arguments.clients or arguments.programs or arguments.rounds or arguments.seconds:
        return None
    return RESULTS / ("quick.json" if arguments.quick else "full.json")


def collect_static() -> None:
    """The product's static files, once."""
    if not (machine.LOCAL / "static").exists():
        command = [str(machine.PRODUCT_PYTHON), "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        environment = programs.PRODUCT.environment_for("postgres://nobody@/none")
        subprocess.run(command, cwd=machine.ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
