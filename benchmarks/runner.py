"""Rounds of load. Each round has all rows and programs, so that a slower machine slows down all of them."""

from __future__ import annotations

import contextlib
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import load, profiles
from benchmarks.database import Databases
from benchmarks.load import Request
from benchmarks.programs import OURS, Program
from benchmarks.results import Results, Sample, Table
from benchmarks.rows import BARE, Data, Row
from benchmarks.servers import Server, StartError

#: What the database chooses differs between two objects that were made.
CHOSEN_BY_DATABASE = ("id", "created_at")


@dataclass(frozen=True)
class Budget:
    """Items in the table, and the rounds of rows with goals, of those with bare headers, and of those without goals."""

    rows: int
    rounds: int
    bare_rounds: int
    other_rounds: int

    def of(self, row: Row) -> int:
        """The rounds of a row."""
        if not row.goals:
            return self.other_rounds
        return self.bare_rounds if row.headers is BARE else self.rounds


FULL = Budget(rows=1_000_000, rounds=7, bare_rounds=5, other_rounds=3)
QUICK = Budget(rows=100_000, rounds=2, bare_rounds=1, other_rounds=1)
#: A round's load, and the requests before the first round.
SECONDS, WARM_REQUESTS = 1, 10


class Differs(SystemExit):
    """A program gives another response. This ends the run."""


class Bench:
    """The running databases, and the samples of the rows so far."""

    def __init__(self, databases: Databases, budget: Budget):
        self._databases, self._budget = databases, budget
        self._data = Data.of(databases, budget.rows)
        self.results: Results = defaultdict(lambda: defaultdict(list))

    def run(self, rows: list[Row]) -> None:
        """Measures the rows: first the reads, then the writes on another database."""
        for writes in (False, True):
            chosen = [row for row in rows if (row.items is not None) is writes]
            if chosen:
                with contextlib.ExitStack() as stack:
                    self._phase(chosen, writes, stack)

    def _phase(self, rows: list[Row], writes: bool, stack: contextlib.ExitStack) -> None:
        servers = self._start({program for row in rows for program in row.programs}, self._url(writes), stack)
        if ours := servers.get(OURS):
            self._data = replace(self._data, ask=lambda request: ours.answer(request, {})[2])
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = {}
        for number, row in enumerate(rows):
            requests = list(row.requests(self._data))
            if row.items is not None:
                self._databases.begin_round(row.items)
            compare([servers[program] for program in row.programs if program in servers], row, requests)
            files[row.title] = directory / str(number)
            files[row.title].write_text("".join(request.line() for request in requests))
        # The order changes between rounds, so that no program always follows the same one. The seed gives the same
        # orders in each run.
        source, started = random.Random(1), time.monotonic()
        last = max(self._budget.of(row) for row in rows)
        for number in range(last):
            seconds = time.monotonic() - started
            print(f"{seconds:4.0f} s: round {number + 1} of {last}, {'writes' if writes else 'reads'}", file=sys.stderr)
            for row in (row for row in rows if number < self._budget.of(row)):
                for program in source.sample(row.programs, len(row.programs)):
                    if server := servers.get(program):
                        self.results[row.title][program.title].append(self._sample(server, row, files[row.title]))

    def _url(self, writes: bool) -> str:
        return self._databases.for_writes() if writes else self._databases.holding(self._budget.rows)

    def profile(self, row: Row) -> Table:
        """What our program does while it answers the row's requests."""
        url = self._url(row.items is not None)
        with Server(row.programs[0], url) as server, tempfile.TemporaryDirectory() as directory:
            self._data = replace(self._data, ask=lambda request: server.answer(request, {})[2])
            if row.items is not None:
                self._databases.begin_round(row.items)
            requests = Path(directory, "requests")
            requests.write_text("".join(request.line() for request in row.requests(self._data)))
            return profiles.profile(server, lambda seconds: _load(server, row, requests, seconds))

    def _start(self, programs: set[Program], url: str, stack: contextlib.ExitStack) -> dict[Program, Server]:
        """Starts them. Says which opponent does not start; nothing is then known of it, and its goals are not met."""
        servers = {}
        for program in sorted(programs, key=lambda program: program.title):
            try:
                servers[program] = stack.enter_context(Server(program, url))
            except StartError as error:
                if program is OURS:
                    raise
                print(error, file=sys.stderr)
        return servers

    def _sample(self, server: Server, row: Row, requests: Path) -> Sample:
        if row.items is not None:
            self._databases.begin_round(row.items)
        before = server.cpu_seconds()
        found = _load(server, row, requests, SECONDS)
        return Sample(
            per_second=found.requests / found.seconds if found.seconds else 0.0,
            p99_ms=found.p99_ms,
            cpu_us=(server.cpu_seconds() - before) / max(found.requests, 1) * 1e6,
            errors=found.errors + (not server.alive()),
        )


def _load(server: Server, row: Row, requests: Path, seconds: int) -> load.Figures:
    headers = {**server.program.headers, **row.headers}
    if row.status == 304:
        return load.run_without_bodies(server.port, requests, row.clients, seconds, headers)
    return load.run(server.url, requests, row.clients, seconds, headers, in_order=row.in_order)


def compare(servers: list[Server], row: Row, requests: list[Request]) -> None:
    """Raises Differs unless all servers give the same response as the first one, with the row's status.

    Some more requests make what a server makes at the first one.
    """
    expected = None
    for server in servers:
        answers = [server.answer(request, row.headers) for request in requests[:WARM_REQUESTS]]
        status, body, _ = answers[0]
        if status != row.status:
            raise Differs(f"{server.program.title}, {row.title}: status {status}, {body.decode()[:300]}")
        got = comparable(json.loads(body), row) if body else None
        expected = expected or got
        if got != expected:
            raise Differs(f"{server.program.title}, {row.title}: {str(got)[:300]}; expected {str(expected)[:300]}")


def comparable(value: Any, row: Row) -> Any:
    """The value without what every program has to choose; a time is the same however many digits it has."""
    if isinstance(value, list):
        return [comparable(each, row) for each in value]
    if row.status == 201:
        return {name: each for name, each in value.items() if name not in CHOSEN_BY_DATABASE}
    return {name: datetime.fromisoformat(each) if name == "created_at" else each for name, each in value.items()}
