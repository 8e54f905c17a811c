"""`make lint`'s look for credentials in what git tracks: the formats that detect-secrets knows.

Without its guesses by entropy and by names such as `password`: they find hashes and tests, and would need a list of
exceptions longer than what they protect.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector

ROOT = Path(__file__).resolve().parent.parent
GUESSES = ("Secret Keyword", "Public IP (ipv4)")
URL_PASSWORD = "Basic Auth Credentials"
#: A password in a URL that is none: documentation's, a template's, or too short for anybody to have been given.
PLACEHOLDER = re.compile(r"PASSWORD|\{[\w.]+\}|.{1,7}")


def main(folder: Path = ROOT) -> int:
    """Names each finding by file, line and kind, never by its value; 1 if there is one."""
    findings = [finding for path in tracked(folder) for finding in findings_in(path, folder)]
    print("\n".join(findings))
    return 1 if findings else 0


def tracked(folder: Path) -> list[Path]:
    """The files that git has, or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return [path for name in output.split("\0") if name and (path := folder / name).is_file()]


def findings_in(path: Path, folder: Path) -> Iterator[str]:
    """`path:line: what it looks like`."""
    text = path.read_text(errors="replace")
    for detector in detectors():
        for match in (match for pattern in detector.denylist for match in pattern.finditer(text)):
            if not (detector.secret_type == URL_PASSWORD and PLACEHOLDER.fullmatch(match.group(1))):
                yield f"{path.relative_to(folder)}:{text.count(chr(10), 0, match.start()) + 1}: {detector.secret_type}"


@cache
def detectors() -> list[RegexBasedDetector]:
    """Those that know a format."""
    classes: dict[str, type] = get_mapping_from_secret_type_to_class()
    return [kind() for name, kind in classes.items() if issubclass(kind, RegexBasedDetector) and name not in GUESSES]


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
