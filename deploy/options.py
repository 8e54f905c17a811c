"""The options of the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Options:
    """Durations are in seconds."""

    command: str
    environment: str = "dev"
    root: Path = PROJECT_ROOT
    terraform_dir: Path = PROJECT_ROOT / "terraform"
    dry_run: bool = False
    json: bool = False
    allow_dirty: bool = False
    image_tag: str | None = None
    break_lock: bool = False
    assume_yes: bool = False
    smoke_url: str | None = None
    skip_smoke: bool = False
    task_command: list[str] = field(default_factory=list)
    task_environment: dict[str, str] = field(default_factory=dict)
    follow: bool = False
    since: float = 3600
    source: str = "service"
    task: str | None = None
    migrate_timeout: float = 900
    rollout_timeout: float = 1200
    terraform_timeout: float = 3600
    state_lock_timeout: float = 30
    smoke_timeout: float = 60
    poll: float = 2
