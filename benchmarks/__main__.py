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
    """Measures, prints the tables, writes the results; 1 if a target is not met."""
    arguments = parse()
    load.require()
    os.sched_setaffinity(0, {machine.CLIENT_CPU})
    # Ended from outside, it stops what it started.
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
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 3 minutes: fewer and shorter rounds, fewer items")
    parser.add_argument("--features", action="store_true", help="what each optional feature costs, instead")
    parser.add_argument("--against", metavar="REVISION", help="with --features: the service as it was then, too")
    parser.add_argument("--without", action="store_true", help="what each optimisation brings, instead")
    parser.add_argument("--sizes", action="store_true", help="workers and threads by Fargate's sizes, instead (Docker)")
    parser.add_argument("--only", metavar="ENDPOINT,…", help=f"of {', '.join(plan.TITLES)}")
    parser.add_argument("--clients", metavar="N,…", help="of 1, 8, 64")
    parser.add_argument("--programs", metavar="NAME,…", help=f"of {', '.join(p.name for p in programs.EVERYBODY)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="for every cell")
    parser.add_argument("--seconds", type=int, metavar="N", help="of each round")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="where the results go, also those of a part")
    return parser.parse_args()


def kind(arguments: argparse.Namespace) -> str:
    """What was measured, which is what its results are called."""
    words = [word for word in ("features", "without", "sizes") if getattr(arguments, word)] or ["benchmark"]
    return "-".join([*words, *(["quick"] if arguments.quick else [])])


def is_part(arguments: argparse.Namespace) -> bool:
    """Whether something was left out."""
    return any(getattr(arguments, name) for name in ("only", "clients", "programs", "rounds", "seconds"))


def default_output(arguments: argparse.Namespace) -> Path | None:
    """Where a whole run is kept; a part of one is not."""
    return None if is_part(arguments) else RESULTS / f"{kind(arguments)}.json"


def measure(databases: database.Databases, arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """What was asked for."""
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
    # A quick run is of those that a target names.
    usual = [program.name for program in programs.EVERYBODY if not (arguments.quick and program in FEWER)]
    those = tuple(program for program in programs.EVERYBODY if program.name in (names or usual))
    budget = QUICK if arguments.quick else FULL
    # What a quick run leaves out is measured where it is asked for by name.
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
    """A comma-separated list."""
    return given.split(",") if given else []


def collect_static() -> None:
    """The product's static files, once."""
    if not (machine.LOCAL / "static").exists():
        command = [str(machine.PRODUCT_PYTHON), "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        environment = programs.PRODUCT.environment_for("postgres://nobody@/none")
        subprocess.run(command, cwd=machine.ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
