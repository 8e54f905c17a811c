"""Rounds of load. Each round has all programs, so that a slower machine slows down all of them."""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import answers, load
from benchmarks.database import Databases
from benchmarks.figures import DEFAULT, beside
from benchmarks.plan import Cell, Data
from benchmarks.programs import OWN_FLOOR, PRODUCT, TUTORIAL, Program
from benchmarks.servers import Server, StartError

Tick = Callable[[str, float], None]
#: A function that orders the running servers for a round, each with the name of its sample.
Turns = Callable[[list[Server], random.Random], Iterable[tuple[str, Server]]]
#: Programs that no target names take part in every second round.
FEWER = (TUTORIAL, OWN_FLOOR)


@dataclass(frozen=True)
class Sample:
    """One round of one program: requests per second, milliseconds, the server's CPU microseconds per request, MB."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    memory_mb: float
    errors: int
    alive: bool

    @property
    def valid(self) -> bool:
        """Whether it counts: it has responses and no error, and the server is alive."""
        return self.per_second > 0 and self.errors == 0 and self.alive


#: The sample of a server that did not start.
NOTHING = Sample(0, 0, 0, 0, 0, errors=1, alive=False)


@dataclass(frozen=True)
class Budget:
    """The number of rounds, their seconds and the number of items. Targets compare the main cells."""

    rows: int
    rounds: int
    seconds: int
    other_rounds: int
    export_rounds: int
    page_rounds: int
    task_rounds: int


FULL = Budget(rows=1_000_000, rounds=5, seconds=2, other_rounds=2, export_rounds=3, page_rounds=3, task_rounds=3)
QUICK = Budget(rows=100_000, rounds=2, seconds=1, other_rounds=0, export_rounds=1, page_rounds=1, task_rounds=0)


@dataclass
class Bench:
    """The running databases, and the samples by cell and program."""

    databases: Databases
    data: Data
    rows: int
    tick: Tick = lambda what, seconds: None
    absent: set[str] = field(default_factory=set)
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def run(
        self, programs: tuple[Program, ...], cells: list[tuple[Cell, int, int]], turns: Turns | None = None
    ) -> None:
        """Measures ``cells`` with their rounds and seconds: first the reads, then the writes on another database.

        ``turns`` gives the order and the names within a round. By default each program comes once, in a random order.
        """
        for writes in (False, True):
            chosen = [entry for entry in cells if (entry[0].endpoint == "post") is writes]
            if chosen:
                self._phase(programs, chosen, turns or in_any_order, writes=writes)

    def _phase(
        self, programs: tuple[Program, ...], cells: list[tuple[Cell, int, int]], turns: Turns, *, writes: bool
    ) -> None:
        url = self.databases.for_writes() if writes else self.databases.holding(self.rows)
        with contextlib.ExitStack() as stack:
            started = [self._start(program, url, stack) for program in programs]
            servers = [server for server in started if server]
            for cell, _, _ in cells:
                # The result keeps the programs' order, whatever the order of the rounds.
                self.samples[cell.key] |= {one.name: [NOTHING] if one.name in self.absent else [] for one in programs}
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            answers.compare(servers, self.data, sorted({cell.endpoint for cell, _, _ in cells}))
            # The order changes between rounds, so that no program always follows the same one. The seed gives the same
            # orders in each run.
            source = random.Random(1)
            for number in range(max(rounds for _, rounds, _ in cells)):
                for cell, rounds, seconds in cells:
                    for name, server in turns(servers, source):
                        if number < rounds_of(server.program, rounds):
                            self.tick(f"{cell.key} {server.program.title}", seconds)
                            if writes:
                                self.databases.empty_writes()
                            sample = self.sample(server, cell, seconds, directory)
                            self.samples[cell.key][name].append(sample)

    def _start(self, program: Program, url: str, stack: contextlib.ExitStack) -> Server | None:
        """Starts the server. When an opponent does not start, prints that and makes its cells invalid."""
        try:
            return stack.enter_context(Server(program, url))
        except StartError as error:
            if program.name in (PRODUCT.name, DEFAULT):
                raise
            print(error, file=sys.stderr)
            self.absent.add(program.name)
            return None

    def sample(self, server: Server, cell: Cell, seconds: int, directory: Path) -> Sample:
        """One round."""
        path = directory / f"{server.program.name}-{cell.endpoint}"
        if not path.exists():
            path.write_text("".join(one.line() for one in self.data.requests(server.program, cell.endpoint)))
        before = server.cpu_seconds()
        figures = load.run(server.url, path, cell.clients, seconds, dict(server.program.headers))
        cpu = server.cpu_seconds() - before
        return Sample(
            per_second=figures.per_second,
            p50_ms=figures.p50_ms,
            p99_ms=figures.p99_ms,
            cpu_us=cpu / figures.requests * 1e6 if figures.requests else 0.0,
            memory_mb=server.memory_mb(),
            errors=figures.errors,
            alive=server.alive(),
        )

    def as_json(self) -> dict[str, Any]:
        """The lists of samples by cell and program."""
        return {
            cell: {name: [asdict(sample) for sample in samples] for name, samples in programs.items()}
            for cell, programs in self.samples.items()
        }


def in_any_order(servers: list[Server], source: random.Random) -> Iterator[tuple[str, Server]]:
    """Each program once, under its own name."""
    for server in source.sample(servers, len(servers)):
        yield server.program.name, server


def in_pairs(servers: list[Server], source: random.Random) -> Iterator[tuple[str, Server]]:
    """Each program next to the first one, whose samples get the name ``beside`` the program's."""
    first, *others = servers
    for server in source.sample(others, len(others)):
        name = server.program.name
        yield from source.sample([(name, server), (beside(name), first)], 2)


def rounds_of(program: Program, rounds: int) -> int:
    """The number of rounds of this program."""
    return (rounds + 1) // 2 if program in FEWER else rounds


def load_seconds(programs: tuple[Program, ...], cells: list[tuple[Cell, int, int]]) -> int:
    """The seconds of all rounds."""
    return sum(seconds * rounds_of(program, rounds) for _, rounds, seconds in cells for program in programs)
