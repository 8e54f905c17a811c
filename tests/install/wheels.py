"""Makes invented wheels and an index of them: the pinned releases, and a newer release of each package."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+) *(;[^\\]*)?", re.MULTILINE)
NEWER = "999"


def pins(requirements: Path) -> Iterator[tuple[str, str, str]]:
    """Name, version and environment marker of each line."""
    for name, version, marker in PIN.findall(requirements.read_text()):
        yield name, version, marker.strip()


def normalised(name: str) -> str:
    """The name in the form of wheels' file names."""
    return re.sub(r"[-_.]+", "_", name).lower()


def make_wheel(folder: Path, name: str, version: str, header: str) -> str:
    """Writes a wheel with this metadata into the folder and returns its hash."""
    dist_info = f"{normalised(name)}-{version}.dist-info"
    files = {
        f"{dist_info}/METADATA": header,
        f"{dist_info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{dist_info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{dist_info}/RECORD"])
    path = folder / f"{normalised(name)}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def header_of(name: str, version: str) -> str:
    """The metadata of the installed distribution of this name, with this version."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    try:
        installed = metadata.metadata(name)
    except metadata.PackageNotFoundError:  # It belongs to another environment, so its requirements are unknown.
        return "\n".join(lines) + "\n"
    for field in ("Provides-Extra", "Requires-Dist"):
        lines += [f"{field}: {value}" for value in installed.get_all(field, [])]
    return "\n".join(lines) + "\n"


def make_index(folder: Path, requirements: Path) -> Path:
    """Makes wheels of the pinned and of newer releases. Returns the requirements with the hashes of these wheels."""
    lines = []
    for name, version, marker in pins(requirements):
        digest = make_wheel(folder, name, version, header_of(name, version))
        make_wheel(folder, name, NEWER, header_of(name, NEWER))
        lines.append(f"{name}=={version} {marker} --hash=sha256:{digest}")
    copy = folder / requirements.name
    copy.write_text("\n".join(lines) + "\n")
    return copy
