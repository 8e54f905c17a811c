"""The progress and the summary of a rehearsal."""

import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

WHAT_THIS_IS = (
    "Rehearsed on emulators, not on AWS: MiniStack 1.5.33 with corrections (containers, sockets, PostgreSQL 18 with"
    " TLS) and moto (scaling targets, alarms). docs/rehearsal.md says what that proves and what only AWS can show."
)
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Result:
    name: str
    outcome: str
    seconds: float
    notes: list = field(default_factory=list)
    reason: str = ""
    details: list = field(default_factory=list)


class Report:
    """Progress on a terminal (rich) or as plain lines, and the summary."""

    def __init__(self, acts, stream=None):
        self.results = []
        self._total, self._started = acts, time.monotonic()
        self._stream = stream or sys.stdout
        self._console = self._rich_console() if self._stream.isatty() else None

    def line(self, text=""):
        # The reader may have closed the pipe (`| head`). The acts and the clean-up must go on.
        with suppress(BrokenPipeError):
            if self._console:
                self._console.print(text, markup=False, highlight=False, soft_wrap=True)
            else:
                print(text, file=self._stream, flush=True)

    @contextmanager
    def step(self, title):
        """Shows a running step, on a terminal with its time."""
        if not self._console:
            self.line(f"{title} …")
            yield
            return
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            progress.add_task(title)
            yield

    def title(self, name):
        return f"[{len(self.results) + 1}/{self._total}] {name}"

    def add(self, result):
        """Records an act and shows its result."""
        title = self.title(result.name)
        self.results.append(result)
        seen = "; ".join(result.notes)
        if result.outcome == FAILED:
            self.line(f"{title}: FAILED after {result.seconds:.1f} s: {result.reason}")
            for line in result.details:
                self.line(f"    {line}")
            return
        time_taken = f", {result.seconds:.1f} s" if result.outcome == PASSED else ""
        self.line(f"{title}: {result.outcome}{time_taken}" + (f" ({seen})" if seen else ""))

    def count(self, outcome):
        return sum(result.outcome == outcome for result in self.results)

    @property
    def failed(self):
        return self.count(FAILED) > 0

    def markdown(self):
        """The summary as a Markdown table."""
        rows = [
            f"| {number} | {r.name} | {r.outcome} | {r.seconds:.1f} s | {r.reason or '; '.join(r.notes)} |"
            for number, r in enumerate(self.results, 1)
        ]
        total = time.monotonic() - self._started
        return "\n".join(
            [
                "| | act | outcome | time | seen |",
                "|---|---|---|---|---|",
                *rows,
                "",
                f"{int(total // 60)} min {int(total % 60)} s in all. {WHAT_THIS_IS}",
                "",
            ]
        )

    def closing_line(self):
        skipped = f", {self.count(SKIPPED)} skipped" if self.count(SKIPPED) else ""
        return f"{self.count(PASSED)} passed, {self.count(FAILED)} failed{skipped}"

    def finish(self, path):
        """Shows the summary and writes it to a file. The last line has the counts."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Rehearsal\n\n{self.markdown()}\n{self.closing_line()}\n")
        self.line()
        if self._console:
            self._console.print(self._rich_table())
            self.line(WHAT_THIS_IS)
        else:
            self.line(self.markdown())
        self.line(f"Written to {path}")
        self.line(self.closing_line())

    def _rich_table(self):
        from rich.markup import escape
        from rich.table import Table

        table = Table("", "act", "outcome", "time", "seen", title="Rehearsal")
        colours = {PASSED: "green", FAILED: "red", SKIPPED: "yellow"}
        for number, result in enumerate(self.results, 1):
            table.add_row(
                str(number),
                result.name,
                f"[{colours[result.outcome]}]{result.outcome}[/]",
                f"{result.seconds:.1f} s",
                escape(result.reason or "\n".join(result.notes)),
            )
        return table

    @staticmethod
    def _rich_console():
        from rich.console import Console

        return Console()
