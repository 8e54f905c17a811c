"""Watches the code for `make run RELOAD=1`.

gunicorn's own reloader restarts only workers. They would get from the arbiter what it has loaded already: the settings,
the logs and all else that `gunicorn.conf.py` imports.
"""

from __future__ import annotations

import time
from pathlib import Path

#: Seconds between two looks.
PAUSE_SECONDS = 0.5


def snapshot(root: Path) -> dict[Path, int]:
    """The modification time of each Python file below ``root``, in nanoseconds, without hidden folders."""
    folders = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    files = [*root.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]
    return {path: path.stat().st_mtime_ns for path in files if path.is_file()}


def wait_for_change(root: Path, before: dict[Path, int]) -> None:
    """Returns when the snapshot is not ``before`` any more."""
    while snapshot(root) == before:
        time.sleep(PAUSE_SECONDS)
