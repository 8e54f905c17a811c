"""The image tag of the commit to deploy."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deploy.errors import SourceError
from deploy.process import capture

COMMIT_LENGTH = 12


def image_tag(root: Path, *, allow_dirty: bool) -> str:
    """The first 12 characters of the commit. Uncommitted changes add `-dirty-` and 8 characters of their hash.

    Tags in the registry are immutable, so a tag has to name its content. The same changes give the same tag.
    Raises SourceError outside a checkout, before the first commit, and for changes without `allow_dirty`.
    """
    commit = _git(root, "rev-parse", f"--short={COMMIT_LENGTH}", "HEAD").strip()[:COMMIT_LENGTH]
    changes = _git(root, "status", "--porcelain", "--untracked-files=all")
    if not changes:
        return commit
    if not allow_dirty:
        raise SourceError(
            "The working tree has uncommitted changes, and an image tag names a commit.",
            details=changes.splitlines()[:10],
            hint="Commit or stash them, or pass --allow-dirty for a throw-away environment.",
        )
    return f"{commit}-dirty-{_content_hash(root, changes)}"


def _content_hash(root: Path, changes: str) -> str:
    digest = hashlib.sha256(changes.encode())
    digest.update(_git(root, "diff", "HEAD", "--binary").encode())
    for name in _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0"):
        if name:
            digest.update((root / name).read_bytes())
    return digest.hexdigest()[:8]


def _git(root: Path, *arguments: str) -> str:
    result = capture(["git", "-C", str(root), *arguments])
    if result.returncode == 0:
        return result.stdout
    raise SourceError(
        "Git found no commit to deploy.",
        details=result.stderr.strip().splitlines()[:3],
        hint="Run from a Git checkout with at least one commit, or name an image with --image-tag.",
    )
