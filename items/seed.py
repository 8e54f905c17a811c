"""Made-up items for `make seed`."""

from __future__ import annotations

import random

from items.models import Item

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


def make(source: random.Random, count: int) -> list[Item]:
    """``count`` new items, not saved yet."""
    return [_item(source) for _ in range(count)]


def _item(source: random.Random) -> Item:
    material, place = source.choice(MATERIALS), source.choice(PLACES)
    name = f"{source.choice(QUALITIES)} {material} {source.choice(THINGS)} no. {source.randint(1, 99_999)}"
    text = " ".join(source.sample(SENTENCES, 3)).strip()
    facts = {"weight": source.randint(1, 40), "load": source.randint(5, 200), "year": source.randint(1990, 2025)}
    return Item(name=name.capitalize(), description=text.format(material=material, place=place, **facts))
