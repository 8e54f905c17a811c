"""Gadgets for tests."""

from __future__ import annotations

from tests.sample.models import Gadget


def make_gadgets(count: int, name: str = "gadget {n}") -> list[Gadget]:
    """That many gadgets, oldest first; `{n}` in the name counts from 1."""
    # Not bulk_create: it does not read back a key that the database makes.
    return [Gadget.objects.create(name=name.format(n=n)) for n in range(1, count + 1)]
