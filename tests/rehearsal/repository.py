"""The scratch repository of a rehearsal and the commits in it."""

import re
import shutil
import subprocess
from pathlib import Path

BUNDLE = "certs/rds-global-bundle.pem"
APP = "sample"
# The tests' own resources are added to the image, because a team may have removed the sample resource.
IMAGE = "\nENV DJANGO_SETTINGS_MODULE=tests.sample.settings\n"
NOT_IGNORED = "\n!tests/__init__.py\n!tests/sample/\n"
SCOPES = """locals {
  scopes = {
    "gadgets:read"  = "Read gadgets"
    "gadgets:write" = "Create, change and delete gadgets"
  }
}
"""
# A worker that does nothing but to finish when it is told to.
WORK = (
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('finished', flush=True)));"
    " print('at work', flush=True); signal.pause()"
)
OPTIONS = f'\nworker_command = ["python", "-c", "{WORK}"]\ndb_final_snapshot = true\n'
IDENTITY = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false"]


class Repository:
    """A repository whose first commit is the working tree of `source` with three changes.

    The RDS certificate bundle also has the authority of the emulated databases. The image also has the app and the
    settings of tests/sample. The environment has a worker, and its `down` keeps a last snapshot.
    """

    def __init__(self, source, directory, authority_certificate):
        self.source, self.path = Path(source), Path(directory)
        self.tags = []
        self._copy()
        self.append(BUNDLE, f"\n{authority_certificate}")
        self.append("Dockerfile", IMAGE)
        self.append(".dockerignore", NOT_IGNORED)
        self.append("terraform/environments/dev.tfvars", OPTIONS)
        (self.path / "terraform" / "sample_override.tf").write_text(SCOPES)
        self._git("init", "--quiet", "--initial-branch", "main")
        self.commit("The working tree, with the emulator's certificate authority and the sample app")

    def commit(self, message):
        """Commits everything and returns the image tag of this commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--no-verify", "--message", message)
        self.tags.append(self.tag())
        return self.tags[-1]

    def tag(self):
        """The current commit as an image tag (12 hexadecimal digits)."""
        return self._git("rev-parse", "--short=12", "HEAD").strip()

    def checkout(self, tag):
        """Checks out the commit of `tag`."""
        self._git("checkout", "--quiet", "--force", "--detach", tag)

    def add_migration(self, name, forwards, backwards):
        """Adds a migration of two SQL statements to the sample app."""
        folder = self.path / "tests" / APP / "migrations"
        newest = max(path.stem for path in folder.glob("[0-9]*.py"))
        number = int(re.match(r"\d+", newest)[0]) + 1
        (folder / f"{number:04d}_{name}.py").write_text(
            "from django.db import migrations\n\n\n"
            "class Migration(migrations.Migration):\n"
            f"    dependencies = [({APP!r}, {newest!r})]\n"
            f"    operations = [migrations.RunSQL({forwards!r}, {backwards!r})]\n"
        )

    def append(self, path, text):
        """Appends text to a file of the working tree."""
        with (self.path / path).open("a") as file:
            file.write(text)

    def _copy(self):
        listed = subprocess.run(
            ["git", "-C", str(self.source), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            original, copy = self.source / name, self.path / name
            if not original.is_file():
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(original, copy, follow_symlinks=False)
            copy.chmod(copy.stat().st_mode | 0o200)

    def _git(self, *arguments):
        return subprocess.run(
            ["git", *IDENTITY, *arguments], cwd=self.path, check=True, capture_output=True, text=True
        ).stdout
