"""`make requirements`: compiles requirements*.txt from pyproject.toml, with hashes, for Python 3.11 to 3.14.

Pinned versions stay. `make requirements ARGS=--upgrade` upgrades them.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
OPTIONS = "--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url"

#: Each file and its sources. A later file has the same version of a package as an earlier one.
FILES = {
    "requirements.txt": ["pyproject.toml"],
    "requirements-dev.txt": ["pyproject.toml", "--group=dev", "--constraints=requirements.txt"],
    "requirements-run.txt": ["pyproject.toml", "--group=run", "--constraints=requirements-dev.txt"],
    "requirements-deploy.txt": ["--group=deploy", "--constraints=requirements-dev.txt"],
    "requirements-terraform.txt": [
        "pyproject.toml",
        "--group=dev",
        "--group=terraform",
        "--constraints=requirements-dev.txt",
    ],
    "requirements-bench.txt": ["pyproject.toml", "--group=bench", "--constraints=requirements.txt"],
    "requirements-checkov.txt": ["--group=checkov"],
    "requirements-clients.txt": ["--group=clients"],
}


def main(extra: list[str]) -> None:
    """Compiles every file. ``extra`` goes to uv."""
    for name, sources in FILES.items():
        subprocess.run([UV, "pip", "compile", *OPTIONS.split(), *sources, *extra, "-o", name], cwd=ROOT, check=True)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
