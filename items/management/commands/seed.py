"""`manage.py seed N`: fills the database with realistic items, fast."""

from __future__ import annotations

import random
import sys
import time
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from items.models import Item

BATCH_ROWS = 10_000
BAR_WIDTH = 40

MATERIALS = "oak walnut steel brass linen cotton leather ceramic bamboo glass marble copper wool slate cork".split()
QUALITIES = "folding compact heavy vintage insulated adjustable portable stackable foldaway matte polished".split()
THINGS = "lamp chair kettle desk shelf notebook bottle blanket mirror clock tray basket stool vase bench rack".split()
PLACES = "kitchen office garden hallway workshop bathroom balcony studio cellar attic".split()
SENTENCES = (
    "Made of {material}, for the {place}.",
    "Ships flat-packed with two spare screws.",
    "Every piece of {material} differs a little.",
    "Weighs {weight} kg; holds up to {load} kg.",
    "Wipe with a dry cloth, never with solvents.",
    "Replaces the model of {year}.",
    "",
)


class Command(BaseCommand):
    """Adds N items; run twice, it adds twice as many."""

    help = "Add N realistic items."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """N, and a seed to get the same items again."""
        parser.add_argument("count", type=int, metavar="N", nargs="?", default=10_000)
        parser.add_argument("--seed", type=int, default=None, help="the same number makes the same names")

    def handle(self, *args: Any, count: int, seed: int | None, **options: Any) -> None:
        """Inserts in batches by COPY, each its own transaction; what was inserted stays if it is interrupted."""
        if count < 1:
            raise CommandError("N is how many items to add: 1 or more.")
        source, started, done = random.Random(seed), time.monotonic(), 0  # noqa: S311  (no secret is made of it)
        try:
            while done < count:
                done += insert(source, min(BATCH_ROWS, count - done))
                self.show(done, count, started)
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted; {done:,} items were added.", returncode=130) from None
        self.stdout.write(f"Added {count:,} items in {time.monotonic() - started:.1f} s.")

    def show(self, done: int, count: int, started: float) -> None:
        """A progress bar on a terminal; nothing where it would only fill a log."""
        if not sys.stderr.isatty():
            return
        filled = BAR_WIDTH * done // count
        rate = done / max(time.monotonic() - started, 0.001)
        bar = "█" * filled + "░" * (BAR_WIDTH - filled)
        end = "\n" if done == count else ""
        sys.stderr.write(f"\r{bar} {done:,} of {count:,}  {rate:,.0f} a second{end}")
        sys.stderr.flush()


@transaction.atomic
def insert(source: random.Random, count: int) -> int:
    """That many items by COPY, which is several times faster than INSERT; returns the number."""
    rows = "".join(f"{name}\t{description}\n" for name, description in (item(source) for _ in range(count)))
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(Item._meta.db_table)
        cursor.copy_expert(f"COPY {table} (name, description) FROM STDIN", StringIO(rows))
    return count


def item(source: random.Random) -> tuple[str, str]:
    """A name and a description; neither has a character that COPY would take for its own."""
    material, place = source.choice(MATERIALS), source.choice(PLACES)
    name = f"{source.choice(QUALITIES)} {material} {source.choice(THINGS)} no. {source.randint(1, 99_999)}"
    text = " ".join(source.sample(SENTENCES, 3)).strip()
    facts = {"weight": source.randint(1, 40), "load": source.randint(5, 200), "year": source.randint(1990, 2025)}
    return name.capitalize(), text.format(material=material, place=place, **facts)
