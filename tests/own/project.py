"""A clone of the repository as it stands, changes that are not committed included, and commands in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.environment import WORKSPACE
from tests.support.service import ROOT

#: What a command is told. What the tests set for their own services would lead it to their database.
KEPT = re.compile(r"PATH|HOME|LANG|LC_\w+|TMPDIR|TF_\w+|SSL_\w+|PYENV_\w+|\w*proxy", re.IGNORECASE)
IDENTITY = {f"GIT_{who}_{what}": "own@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
MARKERS = ("run-installed", "installed")
#: Seconds that what is installed is newer than any clone's requirements; make warns of the clock, and installs nothing.
AHEAD = 24 * 3600


class Project:
    """A folder with a repository to clone, an environment to run it in, and the clone, once there is one."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="own-", dir=WORKSPACE))
        self.folder.chmod(0o755)
        self.origin, self.root = self.folder / "origin", self.folder / "ordersvc"
        self.installed = self._install()
        self.environment = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        self.environment |= {**IDENTITY, "REPOSITORY": str(self.origin), "VENV": str(self.installed)}
        self._commit_origin()

    def clone(self) -> None:
        """The clone that a test works in."""
        self.run('git clone --quiet "$REPOSITORY" ordersvc', cwd=self.folder)
        self.share_linters()

    def share_linters(self) -> None:
        """Gives the clone the linters that run in Node.js, if they are installed here."""
        installed, own = (folder / "dev/node/node_modules" for folder in (ROOT, self.root))
        if installed.is_dir():
            _link(installed, own)
            os.utime(own, (time.time() + AHEAD,) * 2)

    def run(self, script: str, cwd: Path | None = None, **environment: str) -> str:
        """What the shell's commands print; raises AssertionError with that where one fails."""
        code, said = self.attempt(script, cwd, **environment)
        assert code == 0, f"exit code {code} of\n{script}\n{said[-6000:]}"
        return said

    def attempt(self, script: str, cwd: Path | None = None, **environment: str) -> tuple[int, str]:
        """The exit code, and what was printed."""
        result = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=cwd or self.root,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return result.returncode, result.stdout

    def remove(self) -> None:
        """Deletes it all."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _commit_origin(self) -> None:
        files = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split("\0")[:-1]  # fmt: skip
        for name in filter(lambda name: (ROOT / name).exists(), files):
            (self.origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.origin / name, follow_symlinks=False)
        self.run("git init --quiet && git add --all --force && git commit --quiet -m Start", cwd=self.origin)

    def _install(self) -> Path:
        """The environment of these tests as one that make has installed: nothing is installed again."""
        environment = self.folder / "environment"
        _link(Path(sys.prefix), environment, but=(*MARKERS, "pyvenv.cfg"))
        shutil.copy(Path(sys.prefix) / "pyvenv.cfg", environment)
        for name in MARKERS:
            (environment / name).touch()
            os.utime(environment / name, (time.time() + AHEAD,) * 2)
        return environment


def _link(source: Path, folder: Path, but: tuple[str, ...] = ()) -> None:
    """Makes a folder with a link to each thing in another one."""
    folder.mkdir()
    for path in source.iterdir():
        if path.name not in but:
            (folder / path.name).symlink_to(path)
