"""Made-up gadgets for `manage.py seed`."""

from __future__ import annotations

import random

from tests.sample.models import Gadget


def make(source: random.Random, count: int) -> list[Gadget]:
    """So many new gadgets, not saved yet."""
    return [Gadget(name=f"Gadget no. {source.randrange(10**6)}") for _ in range(count)]
