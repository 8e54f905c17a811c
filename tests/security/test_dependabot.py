"""Dependabot looks after everything that is pinned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import yaml

from tests.support.service import ROOT

#: Who pins what, by Dependabot's name of the ecosystem.
PINNED = {
    "docker": ("Dockerfile",),
    "docker-compose": ("docker-compose.yml",),
    "github-actions": (".github/workflows/*.yml",),
    "npm": ("dev/node/package.json", "benchmarks/opponents/*/package.json"),
    "pip": ("requirements*.txt",),
    "terraform": ("terraform/**/versions.tf", "terraform/modules/*/main.tf"),
}


def watched() -> Iterator[tuple[str, str]]:
    """Each ecosystem with each folder."""
    for entry in yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]:
        for folder in entry.get("directories", [entry.get("directory")]):
            yield entry["package-ecosystem"], folder


def test_every_pin_is_watched() -> None:
    pins = {
        (ecosystem, f"/{path.parent.relative_to(ROOT)}")
        for ecosystem, patterns in PINNED.items()
        for pattern in patterns
        for path in ROOT.glob(pattern)
        if ".terraform" not in path.parts
    }
    # Dependabot finds the workflows from the root.
    roots = {
        (name, "/" if name == "github-actions" or folder == "/." else str(PurePosixPath(folder)))
        for name, folder in pins
    }
    assert {name for name, _ in roots} == PINNED.keys()
    assert roots == set(watched())
