"""What an optional feature costs: the service with it on against the service as it is by default, side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.database import Databases
from benchmarks.plan import Cell, Data
from benchmarks.programs import PRODUCT, Program
from benchmarks.progress import Progress
from benchmarks.runner import Bench, Budget, load_seconds

Settings = tuple[Mapping[str, str], Mapping[str, str]]


@dataclass(frozen=True)
class Feature:
    """``environment`` turns it on, ``headers`` come with requests; ``beside`` runs what it needs, and adds to both."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    beside: Callable[[], AbstractContextManager[Settings]] | None = None


FEATURES = (Feature("admin", {"ADMIN_ENABLED": "true"}),)
CELLS = tuple(Cell(endpoint, 8) for endpoint in ("list", "get", "post"))
ROUNDS = 7


def measure(
    databases: Databases, budget: Budget, rounds: int | None, names: list[str], progress: Progress
) -> dict[str, Any]:
    """`make bench FEATURES=1`: the product, and the product with each feature."""
    data = Data.of(databases, budget.rows)
    with contextlib.ExitStack() as stack:
        those = [with_feature(one, stack) for one in FEATURES if not names or one.name in names]
        programs = (replace(PRODUCT, name="default", title="default"), *those)
        cells = [(cell, rounds or (budget.rounds if budget.seconds == 1 else ROUNDS), budget.seconds) for cell in CELLS]
        progress.total = load_seconds(programs, cells)
        bench = Bench(databases, data, budget.rows, progress.tick)
        bench.run(programs, cells)
    return {"settings": {"rows": budget.rows, "rounds": cells[0][1]}, "cells": {}, "features": bench.as_json()}


def with_feature(feature: Feature, stack: contextlib.ExitStack) -> Program:
    """The product with that feature."""
    environment, headers = stack.enter_context(feature.beside()) if feature.beside else ({}, {})
    return replace(
        PRODUCT,
        name=feature.name,
        title=feature.name,
        environment={**PRODUCT.environment, **feature.environment, **environment},
        headers={**PRODUCT.headers, **feature.headers, **headers},
    )
