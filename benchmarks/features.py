"""Compares the service with itself: with an optional feature on, or without one of its optimisations."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks import beside
from benchmarks.database import Databases
from benchmarks.figures import DEFAULT
from benchmarks.machine import LOCAL, ROOT
from benchmarks.plan import Cell, Data
from benchmarks.programs import PRODUCT, Program
from benchmarks.progress import Progress
from benchmarks.runner import Bench, Budget, Turns, in_pairs, load_seconds
from benchmarks.without import STEPS, SWITCHED_OFF


@dataclass(frozen=True)
class Feature:
    """``environment`` turns it on. ``needs`` starts a server and adds to the environment and the request headers."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: Callable[[], AbstractContextManager[beside.Settings]] | None = None


FEATURES = (
    Feature("metrics (EMF)", {"METRICS": "emf"}),
    Feature("metrics (Prometheus)", {"METRICS": "prometheus", "METRICS_PORT": "9464"}),
    Feature("traces (all requests)", {"OTEL_TRACES_EXPORTER": "otlp"}, beside.collector),
    Feature(
        "traces (one in a hundred)",
        {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.01",
        },
        beside.collector,
    ),
    Feature("tokens", {}, beside.issuer),
    Feature("rate limit", {"RATE_LIMIT": "900000/min"}),
    Feature("admin", {"ADMIN_ENABLED": "true"}),
    # This feature is on by default.
    Feature("slow requests not watched", {"SLOW_REQUEST_MS": "0"}),
)
HEALTH = Cell("health", 8)
CELLS = tuple(Cell(endpoint, 8) for endpoint in ("list", "get", "post"))
#: Rounds of one second. A run takes 10 to 13 minutes.
ROUNDS, ROUNDS_WITHOUT = 11, 12


def measure(
    databases: Databases, budget: Budget, rounds: int, against: str | None, progress: Progress
) -> dict[str, Any]:
    """`make bench FEATURES=1`: the product by default, with each feature, and at the revision ``against``."""
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(revision(against))] if against else []
        others += [with_feature(feature, stack) for feature in FEATURES]
        others.append(SWITCHED_OFF.program())
        return {
            "features": beside_default(databases, budget, others, in_rounds(CELLS, rounds), progress, turns=in_pairs)
        }


def measure_without(databases: Databases, budget: Budget, rounds: int, progress: Progress) -> dict[str, Any]:
    """`make bench WITHOUT=1`: the product by default and without each of its optimisations."""
    others = [step.program() for step in STEPS]
    return {"without": beside_default(databases, budget, others, in_rounds((HEALTH, *CELLS), rounds), progress)}


def beside_default(
    databases: Databases,
    budget: Budget,
    others: list[Program],
    cells: list[tuple[Cell, int, int]],
    progress: Progress,
    *,
    turns: Turns | None = None,
) -> dict[str, Any]:
    """The samples of the default product and of the others."""
    default = replace(PRODUCT, name=DEFAULT, title=DEFAULT)
    programs = (default, *others)
    progress.total = load_seconds(tuple(others) * 2 if turns is in_pairs else programs, cells)
    bench = Bench(databases, Data.of(databases, budget.rows), budget.rows, progress.tick)
    bench.run(programs, cells, turns)
    return bench.as_json()


def in_rounds(cells: tuple[Cell, ...], rounds: int) -> list[tuple[Cell, int, int]]:
    """The cells with their number of rounds, and one second for each round."""
    return [(cell, rounds, 1) for cell in cells]


def with_feature(feature: Feature, stack: contextlib.ExitStack) -> Program:
    """The product with this feature."""
    environment, headers = stack.enter_context(feature.needs()) if feature.needs else ({}, {})
    return replace(
        PRODUCT,
        name=feature.name,
        title=feature.name,
        environment={**PRODUCT.environment, **feature.environment, **environment},
        headers={**PRODUCT.headers, **headers},
    )


@contextlib.contextmanager
def revision(name: str) -> Any:
    """The product at a revision, from its own work tree, with the same database and libraries."""
    tree = LOCAL / "revision"
    subprocess.run(["git", "worktree", "add", "--force", "--detach", str(tree), name], cwd=ROOT, check=True)
    try:
        yield replace(PRODUCT, name=name, title=name, directory=tree)
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=False)
        shutil.rmtree(tree, ignore_errors=True)
