"""`manage.py seed N [APP…]`: adds made-up rows, as each app's `seed.py` makes them."""

from __future__ import annotations

import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models

BATCH_ROWS = 10_000
BAR_WIDTH = 40

#: What a `seed.py` defines: returns so many new rows of one model, not saved yet.
Make = Callable[[random.Random, int], list[models.Model]]


class Command(BaseCommand):
    """Adds N rows for each app that has a `seed.py`; run twice, it adds twice as many."""

    help = "Add N made-up rows for each app that has a seed.py."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """N, the apps, and a number that makes the same rows again."""
        parser.add_argument("count", type=int, metavar="N", nargs="?", default=10_000)
        parser.add_argument("apps", metavar="APP", nargs="*", help="only these apps")
        parser.add_argument("--seed", type=int, default=None, help="the same number makes the same rows")

    def handle(self, *args: Any, count: int, seed: int | None, **options: Any) -> None:
        """Inserts in batches, each its own transaction; an interrupted run keeps what it has inserted."""
        if count < 1:
            raise CommandError("N is how many rows to add: 1 or more.")
        for name, make in makers(options["apps"]).items():
            self.fill(name, make, count, random.Random(seed))  # noqa: S311  (no secret is made of it)

    def fill(self, name: str, make: Make, count: int, source: random.Random) -> None:
        """Adds ``count`` rows of one app; raises CommandError when it is interrupted."""
        started, done = time.monotonic(), 0
        try:
            while done < count:
                rows = make(source, min(BATCH_ROWS, count - done))
                type(rows[0])._default_manager.bulk_create(rows)
                done += len(rows)
                show(done, count, started)
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted; {done:,} {name} were added.", returncode=130) from None
        self.stdout.write(f"Added {count:,} {name} in {time.monotonic() - started:.1f} s.")


def makers(names: list[str]) -> dict[str, Make]:
    """The ``make`` of each app's `seed.py`, by the app's label; raises CommandError for an app without one."""
    configs = [config for config in apps.get_app_configs() if find_spec(f"{config.name}.seed")]
    found: dict[str, Make] = {config.label: import_module(f"{config.name}.seed").make for config in configs}
    if unknown := set(names) - set(found):
        raise CommandError(f"No app named {', '.join(sorted(unknown))} has a seed.py.")
    return {name: found[name] for name in names} if names else found


def show(done: int, count: int, started: float) -> None:
    """Draws a progress bar on a terminal; writes nothing where it would only fill a log."""
    if not sys.stderr.isatty():
        return
    filled = BAR_WIDTH * done // count
    rate = done / max(time.monotonic() - started, 0.001)
    bar = "█" * filled + "░" * (BAR_WIDTH - filled)
    end = "\n" if done == count else ""
    sys.stderr.write(f"\r{bar} {done:,} of {count:,}  {rate:,.0f} a second{end}")
    sys.stderr.flush()
