"""The arithmetic of the report: medians with their range or confidence interval, and ratios of medians."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Any

Cells = dict[str, dict[str, list[dict[str, Any]]]]


@dataclass(frozen=True)
class Range:
    """A median with the smallest and the largest of the rounds."""

    median: float
    smallest: float
    largest: float

    @classmethod
    def of(cls, values: list[float]) -> Range:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Estimate:
    """A median with its 95 % confidence interval; None where too few values tell of one."""

    median: float
    interval: tuple[float, float] | None

    @classmethod
    def of(cls, values: list[float]) -> Estimate:
        """Of at least one value; an interval of at least 6.

        Whatever their distribution, independent values are below its median half of the time: how many of them are is
        binomial. So the median is between the ``rank``-th smallest and the ``rank``-th largest of them with 95 %
        probability or more, where a binomial is below ``rank`` with 2.5 % or less.
        """
        ordered, rank = sorted(values), 0
        below = 1
        while below / 2 ** len(ordered) <= 0.025:
            rank += 1
            below += math.comb(len(ordered), rank)
        return cls(statistics.median(ordered), (ordered[rank - 1], ordered[-rank]) if rank else None)


def valid(samples: list[dict[str, Any]]) -> bool:
    """Whether the cell counts: every round had answers, no error, and a server that lived on."""
    return bool(samples) and all(
        sample["per_second"] > 0 and not sample["errors"] and sample["alive"] for sample in samples
    )


def figure(cells: Cells, cell: str, program: str, name: str) -> Range | None:
    """A figure of one program in one cell; None where it was not measured or does not count."""
    samples = cells.get(cell, {}).get(program, [])
    return Range.of([sample[name] for sample in samples]) if valid(samples) else None


def ratio(cells: Cells, cell: str, ours: str, theirs: str, name: str) -> float | None:
    """Our median over theirs; None unless both count."""
    own, other = figure(cells, cell, ours, name), figure(cells, cell, theirs, name)
    return own.median / other.median if own and other and other.median else None


#: The product as it is, which it is held against where it runs otherwise.
DEFAULT = "default"
#: What a feature may cost: a twentieth of the throughput.
ALLOWED = 0.95


def beside(program: str) -> str:
    """The name of the default's samples that were taken directly before or after this program's."""
    return f"{DEFAULT}, beside {program}"


def within(ratio: Estimate | None) -> str:
    """Whether a throughput is ALLOWED, as far as its ratio's interval decides it."""
    if ratio is None or ratio.interval is None:
        return "not decided"
    low, high = ratio.interval
    return "within 5 %" if low >= ALLOWED else "not within 5 %" if high < ALLOWED else "not decided"


def paired(cells: Cells, cell: str, program: str, other: str, name: str) -> Estimate | None:
    """The ratio of two programs in each round; None unless both count."""
    own, theirs = cells.get(cell, {}).get(program, []), cells.get(cell, {}).get(other, [])
    if not valid(own) or not valid(theirs):
        return None
    return Estimate.of([one[name] / two[name] for one, two in zip(own, theirs, strict=False)])


#: An x86 Fargate vCPU-hour in us-east-1, in USD (docs/costs.md has its source).
VCPU_HOUR_USD = 0.04048


def dollars_per_million(cpu_us: float) -> float:
    """What a million requests of that much CPU time cost."""
    return cpu_us / 3600 * VCPU_HOUR_USD
