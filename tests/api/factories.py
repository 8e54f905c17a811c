"""Items for tests."""

from __future__ import annotations

from items.models import Item


def make_items(count: int, name: str = "item {n}") -> list[Item]:
    """That many items, oldest first; `{n}` in the name counts from 1."""
    # Not bulk_create: it does not read back a key that the database makes.
    return [Item.objects.create(name=name.format(n=n)) for n in range(1, count + 1)]
