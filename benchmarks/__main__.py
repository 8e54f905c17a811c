"""`make bench`, `make bench QUICK=1`, and parts of it: `python -m benchmarks --quick --only list,get --clients 8`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import containers, database, features, load, machine, page, plan, programs, report, suite
from benchmarks.progress import Progress
from benchmarks.runner import FEWER, FULL, QUICK

RESULTS = Path(__file__).with_name("results")


def main() -> int:
    """Measures, prints the tables and writes the results. Returns 1 if a target is not met."""
    arguments = parse()
    load.require()
    os.sched_setaffinity(0, {machine.CLIENT_CPU})
    # At SIGTERM it stops the servers that it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    collect_static()
    started = time.monotonic()
    with database.running() as databases, Progress() as progress:
        results = measure(databases, arguments, progress)
    results["machine"] = machine.describe()
    results["settings"] |= {"kind": kind(arguments), "minutes": round((time.monotonic() - started) / 60, 1)}
    report.show(Console(), results)
    if path := arguments.output or default_output(arguments):
        report.write(path, results)
        if path.parent == RESULTS and not arguments.quick:
            page.update(results, path, page.PAGE)
    return 0 if report.met(results) else 1


def parse() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 3 minutes: fewer and shorter rounds, fewer items")
    parser.add_argument("--features", action="store_true", help="measure the cost of each optional feature instead")
    parser.add_argument("--against", metavar="REVISION", help="with --features: this revision of the service, too")
    parser.add_argument("--without", action="store_true", help="measure the gain of each optimisation instead")
    parser.add_argument("--sizes", action="store_true", help="measure Fargate's sizes instead (needs Docker)")
    parser.add_argument("--only", metavar="ENDPOINT,…", help=f"of {', '.join(plan.TITLES)}")
    parser.add_argument("--clients", metavar="N,…", help="of 1, 8, 64")
    parser.add_argument("--programs", metavar="NAME,…", help=f"of {', '.join(p.name for p in programs.EVERYBODY)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="number of rounds for every cell")
    parser.add_argument("--seconds", type=int, metavar="N", help="length of each round")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="file for the results")
    return parser.parse_args()


def kind(arguments: argparse.Namespace) -> str:
    """The kind of measurement, which is the name of its results."""
    words = [word for word in ("features", "without", "sizes") if getattr(arguments, word)] or ["benchmark"]
    return "-".join([*words, *(["quick"] if arguments.quick else [])])


def is_part(arguments: argparse.Namespace) -> bool:
    """Whether the options leave something out."""
    return any(getattr(arguments, name) for name in ("only", "clients", "programs", "rounds", "seconds"))


def default_output(arguments: argparse.Namespace) -> Path | None:
    """The file for a whole run. A part of a run is not kept."""
    return None if is_part(arguments) else RESULTS / f"{kind(arguments)}.json"


def measure(databases: database.Databases, arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Runs the chosen measurement."""
    budget = QUICK if arguments.quick else FULL
    if arguments.features or arguments.without:
        rounds = arguments.rounds or (features.ROUNDS if arguments.features else features.ROUNDS_WITHOUT)
        settings = {"rows": budget.rows, "rounds": rounds}
        if arguments.features:
            found = features.measure(databases, budget, rounds, arguments.against, progress)
        else:
            found = features.measure_without(databases, budget, rounds, progress)
        return {"settings": settings, "cells": {}, **found}
    if arguments.sizes:
        return containers.measure(databases, budget, progress)
    those, cells = chosen(arguments)
    return suite.measure(databases, budget, those, cells, progress, whole=not is_part(arguments))


def chosen(arguments: argparse.Namespace) -> tuple[tuple[programs.Program, ...], list[tuple[plan.Cell, int, int]]]:
    """The programs, and the cells with their rounds and seconds."""
    names = words(arguments.programs)
    # A quick run measures only programs that a target names.
    usual = [program.name for program in programs.EVERYBODY if not (arguments.quick and program in FEWER)]
    those = tuple(program for program in programs.EVERYBODY if program.name in (names or usual))
    budget = QUICK if arguments.quick else FULL
    # An endpoint or a program that the options name is measured in a quick run too.
    other_rounds = budget.other_rounds or (1 if arguments.only else 0)
    cells = [(cell, budget.rounds, budget.seconds if cell.is_judged_by_p99 else 1) for cell in plan.MAIN]
    cells += [(cell, other_rounds, 1) for cell in plan.OTHERS if other_rounds]
    only, clients = words(arguments.only), words(arguments.clients)
    return those, [
        (cell, arguments.rounds or rounds, arguments.seconds or seconds)
        for cell, rounds, seconds in cells
        if (not only or cell.endpoint in only) and (not clients or str(cell.clients) in clients)
    ]


def words(given: str | None) -> list[str]:
    """Splits a comma-separated list."""
    return given.split(",") if given else []


def collect_static() -> None:
    """Collects the product's static files."""
    if not (machine.LOCAL / "static").exists():
        command = [str(machine.PRODUCT_PYTHON), "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        environment = programs.PRODUCT.environment_for("postgres://nobody@/none")
        subprocess.run(command, cwd=machine.ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
