"""`make rename NAME=ordersvc`: changes the project's name in every tracked file and path."""

from __future__ import annotations

import argparse
import keyword
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: The package's present name.
OLD = next(path.parent.name for path in ROOT.glob("*/settings.py"))


def main() -> int:
    """Renames the project; ends the process with one sentence if it cannot."""
    parser = argparse.ArgumentParser(prog="make rename", description=__doc__)
    parser.add_argument("name", help="lower-case letters and digits, such as ordersvc")
    name = parser.parse_args().name
    refuse(name)
    rename(name)
    print(f"Renamed {OLD} to {name}. Look at `git diff --cached`, run `make test`, and commit.")
    return 0


def refuse(name: str) -> None:
    """Ends the process if a tool would refuse the name, or if there are uncommitted changes."""
    if not re.fullmatch(r"[a-z][a-z0-9]{1,19}", name) or keyword.iskeyword(name):
        sys.exit(f"{name!r} cannot be the name: use 2 to 20 lower-case letters and digits, a letter first.")
    if (ROOT / name).exists() or name in sys.stdlib_module_names:
        sys.exit(f"{name!r} is taken: a file or a module of that name exists. Choose another name.")
    if git("status", "--porcelain"):
        sys.exit("There are uncommitted changes: commit or stash them first, so that the renaming can be undone.")


def rename(name: str) -> None:
    """Replaces the old name in every tracked text file and path, then formats, because lines have other lengths."""
    words = {OLD: name, OLD.capitalize(): name.capitalize(), OLD.upper(): name.upper()}
    for path in map(ROOT.joinpath, git("ls-files", "-z").split("\0")[:-1]):
        replace(path, words)
    for folder in sorted({Path(path) for path in git("ls-files", "-z").split("\0")[:-1]}):
        moved = Path(*(part.replace(OLD, name) for part in folder.parts))
        if moved != folder:
            (ROOT / moved).parent.mkdir(parents=True, exist_ok=True)
            git("mv", str(folder), str(moved))
    for words_of_ruff in (("check", "--select", "I", "--fix"), ("format",)):
        subprocess.run([Path(sys.executable).parent / "ruff", *words_of_ruff, "--quiet", "."], cwd=ROOT, check=True)
    if shutil.which("terraform"):  # Without it, `make lint` does not look at its format either.
        command = ["terraform", "fmt", "-recursive", "terraform"]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    git("add", "--all")


def replace(path: Path, words: dict[str, str]) -> None:
    """Rewrites one text file. It leaves links and binary files alone."""
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() and not path.is_symlink() else ""
    except UnicodeDecodeError:
        return
    new = re.sub("|".join(words), lambda match: words[match[0]], text)
    if new != text:
        path.write_text(new, encoding="utf-8")


def git(*words: str) -> str:
    """The output of git; ends the process with git's message if it fails."""
    result = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(result.stderr.strip() or f"git {words[0]} failed.")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main())
