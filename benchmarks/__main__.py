"""`make bench`, `make bench QUICK=1`, and parts of it: `make bench ARGS="--only order --rounds 2"`."""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

from benchmarks import database, features, load, machine, report
from benchmarks.programs import OURS, missing
from benchmarks.results import judge
from benchmarks.rows import SECTIONS, Row
from benchmarks.runner import FULL, QUICK, Bench

#: Sections that a quick run leaves out.
LONG = ("64 clients, bare headers: p99",)


def main() -> int:
    """Measures, prints the tables and, of a whole run, writes the results. Returns 1 if a goal is not met."""
    arguments = parse()
    load.require()
    os.sched_setaffinity(0, {machine.CLIENT_CPU})
    # At SIGTERM it stops the servers that it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    collect_static()
    started, budget = time.monotonic(), QUICK if arguments.quick else FULL
    budget = replace(budget, rounds=arguments.rounds or budget.rounds)
    with database.running() as databases, features.rows(quick=arguments.quick) as switched:
        sections = chosen({**SECTIONS, features.TITLE: switched}, arguments)
        bench = Bench(databases, budget)
        rows = list(itertools.chain.from_iterable(sections.values()))
        bench.run(rows)
        verdicts = judge(bench.results, rows)
        missed = {one.row for one in verdicts if not one.met}
        profiled = [row for row in rows if row.title in missed or arguments.profile]
        profiles = {f"Where {row.title} spends its time": bench.profile(row) for row in profiled}
    made = report.tables(bench.results, sections, verdicts) | profiles
    report.show(made)
    print(f"{sum(one.met for one in verdicts)} of {len(verdicts)} goals are met.")
    minutes = (time.monotonic() - started) / 60
    about = f"{machine.describe()}, {budget.rows:,} items, {budget.rounds} rounds, {minutes:.1f} minutes."
    if arguments.write or not (arguments.quick or arguments.only or arguments.rounds):
        report.write(about, made, bench.results, sections)
    return 0 if all(one.met for one in verdicts) else 1


def parse() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 3 minutes: fewer rounds, rows and items")
    parser.add_argument("--only", metavar="TEXT", help="only the rows and sections with this text in their title")
    parser.add_argument("--rounds", type=int, metavar="N", help="number of rounds for every row with goals")
    parser.add_argument("--profile", action="store_true", help="profile every row, not only those that miss a goal")
    parser.add_argument("--write", action="store_true", help="write the results of a quick run too")
    return parser.parse_args()


def chosen(sections: dict[str, tuple[Row, ...]], arguments: argparse.Namespace) -> dict[str, tuple[Row, ...]]:
    """The rows that the options name, with the rows that their goals refer to, by section; without what is missing."""
    rows = [(title, row) for title, of in sections.items() for row in of if not (arguments.quick and title in LONG)]
    if only := (arguments.only or "").lower():
        named = {row.title: row for title, row in rows if only in f"{title} {row.title}".lower()}
        wanted = set(named) | {goal.row for row in named.values() for goal in row.goals}
        rows = [(title, row) for title, row in rows if row.title in wanted]
    absent = missing()
    for program in absent:
        print(f"{program.title} is left out: it needs Node and npm.", file=sys.stderr)
    found: dict[str, tuple[Row, ...]] = {}
    for title, row in rows:
        programs = tuple(program for program in row.programs if program not in absent)
        found[title] = (*found.get(title, ()), replace(row, programs=programs))
    return found


def collect_static() -> None:
    """Collects the service's static files."""
    if not (machine.LOCAL / "static").exists():
        command = [str(machine.PRODUCT_PYTHON), "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        subprocess.run(command, cwd=machine.ROOT, env=OURS.environment_for("postgres://nobody@/none"), check=True)


if __name__ == "__main__":
    sys.exit(main())
