"""What a server's CPU does while it is loaded, by py-spy."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import CLIENT_CPU, OPPONENT_PYTHON, pinned
from benchmarks.results import Table
from benchmarks.servers import Server

#: Samples per second, and seconds.
RATE, SECONDS = 250, 3
#: The functions that are shown, with at least this share of the samples.
SHOWN, LEAST = 20, 0.01


def profile(server: Server, load: Callable[[int], Any]) -> Table:
    """The share of samples in each function itself, and in it with all that it calls; in %.

    ``load`` sends requests for as many seconds. Empty if py-spy may not look into the process.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stacks")
        command = [str(OPPONENT_PYTHON.with_name("py-spy")), "record", "--subprocesses", "--gil"]
        command += ["--pid", str(server.pid), "--rate", str(RATE), "--duration", str(SECONDS)]
        spy = subprocess.Popen(
            pinned(CLIENT_CPU, [*command, "--format", "raw", "--output", str(path)]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        load(SECONDS + 1)
        spy.wait()
        return table(path.read_text()) if path.exists() else []


def table(stacks: str) -> Table:
    """The functions of py-spy's lines, `frame;frame;frame samples`, the busiest first."""
    own, whole = Counter[str](), Counter[str]()
    for line in stacks.splitlines():
        stack, _, samples = line.rpartition(" ")
        frames = [frame.rpartition(":")[0] + ")" for frame in stack.split(";") if ":" in frame]
        if frames:
            own[frames[-1]] += int(samples)
            whole.update(dict.fromkeys(frames, int(samples)))
    every = sum(own.values())
    shown = [(name, count / every) for name, count in own.most_common(SHOWN) if count / every >= LEAST]
    return [
        ["function", "itself, %", "with what it calls, %"],
        *([name, f"{share * 100:.1f}", f"{whole[name] / every * 100:.1f}"] for name, share in shown),
    ]
