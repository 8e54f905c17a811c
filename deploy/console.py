"""Shows progress: a live board of steps on a terminal, plain lines with times in CI and pipes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from deploy.errors import DeployError

QUIET_SECONDS = 10


@dataclass
class Step:
    name: str
    state: str = "waiting"
    started: float = 0.0
    took: float = 0.0
    note: str = ""

    def seconds(self) -> float:
        return self.took if self.state != "running" else time.monotonic() - self.started


class Reporter:
    """Prints plain lines, each with the time, for CI and pipes."""

    def __init__(self, console: Console | None = None):
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._steps: list[Step] = []
        self._current: Step | None = None
        self._printed = 0.0

    def plan(self, names: Sequence[str]) -> None:
        """Sets the steps of this run, in order."""
        self._steps = [Step(name) for name in names]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Shows a step as running, then as done or failed, with its duration."""
        step = self._begin(name)
        try:
            yield
        except BaseException:
            self._end(step, "failed")
            raise
        self._end(step, "done")

    def line(self, text: str) -> None:
        """Prints a line that stays."""
        self._print(text)

    def note(self, text: str) -> None:
        """Shows the progress of the running step from time to time, so that a CI log does not look dead."""
        if self._current is None:
            return
        self._current.note = text
        if time.monotonic() - self._printed >= QUIET_SECONDS:
            self._print(text)

    def output(self, text: str) -> None:
        """Prints another program's line unchanged."""
        self._print(f"| {text}")

    def error(self, error: DeployError) -> None:
        """Prints a failure: message, details and hint, without a traceback."""
        self.console.print(Text(f"error: {error.message}", style="bold red"))
        for detail in error.details:
            self.console.print(Text(f"  {detail}"))
        if error.hint:
            self.console.print(Text(f"hint: {error.hint}", style="yellow"))

    def close(self) -> None:
        """Ends the display."""

    def _begin(self, name: str) -> Step:
        step = next((known for known in self._steps if known.name == name and known.state == "waiting"), None)
        if step is None:
            step = Step(name)
            self._steps.append(step)
        step.state, step.started = "running", time.monotonic()
        self._current = step
        self._started(step)
        return step

    def _end(self, step: Step, state: str) -> None:
        step.took, step.state = time.monotonic() - step.started, state
        self._current = None
        self._ended(step)

    def _started(self, step: Step) -> None:
        self._print(f"{step.name} ...")

    def _ended(self, step: Step) -> None:
        self._print(f"{step.name}: {step.state} in {step.took:.1f} s")

    def _print(self, text: str) -> None:
        self._printed = time.monotonic()
        self.console.print(Text(f"{time.strftime('%H:%M:%S')} {text}"))


class Board(Reporter):
    """A live list of all steps, with a spinner at the running one. Lines appear above the list."""

    MARKS: ClassVar[dict[str, tuple[str, str]]] = {
        "done": ("✓", "green"),
        "failed": ("✗", "bold red"),
        "waiting": ("·", "dim"),
    }

    def __init__(self, console: Console | None = None):
        super().__init__(console)
        self._live: Live | None = None
        self._spinner = Spinner("dots")

    def note(self, text: str) -> None:
        if self._current is not None:
            self._current.note = text

    def error(self, error: DeployError) -> None:
        self.close()
        super().error(error)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _started(self, step: Step) -> None:
        if self._live is None:
            self._live = Live(console=self.console, get_renderable=self._render, refresh_per_second=8)
            self._live.start()

    def _ended(self, step: Step) -> None:
        if self._live is not None:
            self._live.refresh()

    def _print(self, text: str) -> None:
        self.console.print(Text(text))

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for step in self._steps:
            note = Text(step.note, style="dim", overflow="ellipsis", no_wrap=True)
            table.add_row(self._mark(step), step.name, self._time(step), note)
        return Group(table)

    def _mark(self, step: Step) -> RenderableType:
        if step.state == "running":
            return self._spinner
        mark, style = self.MARKS[step.state]
        return Text(mark, style=style)

    def _time(self, step: Step) -> Text:
        return Text("" if step.state == "waiting" else f"{step.seconds():.0f} s", style="dim", justify="right")


def make_reporter(*, to_stderr: bool = False) -> Reporter:
    """Returns the board on a terminal and plain lines elsewhere. Uses stderr when stdout carries the result."""
    stream = sys.stderr if to_stderr else sys.stdout
    console = Console(stderr=to_stderr, highlight=False, soft_wrap=True)
    if stream.isatty() and not os.environ.get("CI"):
        return Board(console)
    return Reporter(console)
