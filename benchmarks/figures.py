"""The arithmetic of the report: medians with their range or confidence interval, and ratios of medians."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Any

Cells = dict[str, dict[str, list[dict[str, Any]]]]


@dataclass(frozen=True)
class Range:
    """A median with the smallest and the largest value of the rounds."""

    median: float
    smallest: float
    largest: float

    @classmethod
    def of(cls, values: list[float]) -> Range:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Estimate:
    """A median with its 95 % confidence interval, which is None for too few values."""

    median: float
    interval: tuple[float, float] | None

    @classmethod
    def of(cls, values: list[float]) -> Estimate:
        """Needs at least one value, and 6 for an interval.

        A value is below the median of its distribution with probability one half. So the number of values below the
        median is binomial, for any distribution. ``rank`` is chosen so that this number is below ``rank`` with at most
        2.5 % probability. Then the median is between the ``rank``-th smallest and the ``rank``-th largest value with at
        least 95 %.
        """
        ordered, rank = sorted(values), 0
        below = 1
        while below / 2 ** len(ordered) <= 0.025:
            rank += 1
            below += math.comb(len(ordered), rank)
        return cls(statistics.median(ordered), (ordered[rank - 1], ordered[-rank]) if rank else None)


def valid(samples: list[dict[str, Any]]) -> bool:
    """Whether the cell counts: every round had responses and no error, and its server was alive at the end."""
    return bool(samples) and all(
        sample["per_second"] > 0 and not sample["errors"] and sample["alive"] for sample in samples
    )


def figure(cells: Cells, cell: str, program: str, name: str) -> Range | None:
    """A figure of one program in one cell. None if it was not measured or does not count."""
    samples = cells.get(cell, {}).get(program, [])
    return Range.of([sample[name] for sample in samples]) if valid(samples) else None


def ratio(cells: Cells, cell: str, ours: str, theirs: str, name: str) -> float | None:
    """Our median divided by theirs. None unless both count."""
    own, other = figure(cells, cell, ours, name), figure(cells, cell, theirs, name)
    return own.median / other.median if own and other and other.median else None


#: The name of the product with its default settings.
DEFAULT = "default"
#: A feature may cost 5 % of the throughput.
ALLOWED = 0.95


def beside(program: str) -> str:
    """The name of the default's samples that ran directly before or after this program's."""
    return f"{DEFAULT}, beside {program}"


def within(ratio: Estimate | None) -> str:
    """Whether the interval of the throughput's ratio is above ALLOWED, below it, or on both sides."""
    if ratio is None or ratio.interval is None:
        return "not decided"
    low, high = ratio.interval
    return "within 5 %" if low >= ALLOWED else "not within 5 %" if high < ALLOWED else "not decided"


def paired(cells: Cells, cell: str, program: str, other: str, name: str) -> Estimate | None:
    """The ratios of two programs in each round. None unless both count."""
    own, theirs = cells.get(cell, {}).get(program, []), cells.get(cell, {}).get(other, [])
    if not valid(own) or not valid(theirs):
        return None
    return Estimate.of([one[name] / two[name] for one, two in zip(own, theirs, strict=False)])


#: An x86 Fargate vCPU-hour in us-east-1, in USD (docs/costs.md has its source).
VCPU_HOUR_USD = 0.04048


def dollars_per_million(cpu_us: float) -> float:
    """The price of a million requests with this CPU time."""
    return cpu_us / 3600 * VCPU_HOUR_USD
