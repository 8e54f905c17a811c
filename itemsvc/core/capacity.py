"""The CPUs of this process, and its load."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cpus() -> float:
    """The CPUs that this process may use: the cgroup's quota, or all CPUs of the machine if there are fewer."""
    available = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return min(available, cpu_quota() or available)


def cpu_quota() -> float | None:
    """The limit of the cgroup (version 2 or 1) in CPUs; None without a limit."""
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((CGROUP / name).read_text() for name in names).split()
        except (OSError, ValueError):
            continue
        return None if quota in ("max", "-1") else int(quota) / int(period)
    return None


@dataclass
class Load:
    """Counts since the process started, and its problem. Only the worker's event loop writes them."""

    #: Requests that were refused because the queue was full.
    refused: int = 0
    #: Requests that lost their database connection at the end of their budget.
    overdue: int = 0
    #: Clients that were too slow to send a request or to take a response.
    timed_out: int = 0
    #: Connections that were closed to make room for others.
    evicted: int = 0
    #: Why this process cannot serve requests, as a sentence for `/health`. Empty if it can.
    problem: str = ""


load = Load()
