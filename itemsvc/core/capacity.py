"""What this process was given, and what it carries now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cpus() -> float:
    """The CPUs this process may use: its cgroup's quota if there is one, else what the machine has."""
    available = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return min(available, cpu_quota() or available)


def cpu_quota() -> float | None:
    """What the cgroup allows, version 2 or 1 of it, in CPUs; None without a limit."""
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((CGROUP / name).read_text() for name in names).split()
        except (OSError, ValueError):
            continue
        return None if quota in ("max", "-1") else int(quota) / int(period)
    return None


@dataclass
class Load:
    """This process now, and its counts since it started; written by the worker's loop alone."""

    #: Open connections; requests that wait for a thread; requests that a thread serves.
    connections: int = 0
    queued: int = 0
    serving: int = 0
    #: Requests cut off from the database at the end of their budget. (The refused are `statistics.refusals`.)
    overdue: int = 0
    #: Clients that did not send their request or take their answer in time; connections closed to make room for others.
    timed_out: int = 0
    evicted: int = 0
    #: Threads that ended and were replaced.
    lost_threads: int = 0
    #: Why this process cannot serve, a sentence for `/health`; empty where it can.
    problem: str = ""


load = Load()
