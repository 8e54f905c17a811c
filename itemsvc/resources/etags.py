"""Entity tags (RFC 9110, section 8.8.3), made from a row's version and the response's bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

VERSIONED = re.compile(r'"([0-9]{1,18})-[0-9a-f]{16}"')


def item_etag(version: int, body: bytes) -> str:
    """The tag of one row's representation: its version and a hash of the bytes.

    `If-Match` compares the version. Caches need the hash, because the next release may represent the row differently.
    """
    return f'"{version}-{sha256(body).hexdigest()[:16]}"'


def list_etag(body: bytes, link: str = "") -> str:
    """The tag of a page: a hash of its bytes and its Link header, because the header may change alone."""
    digest = sha256(body)
    digest.update(link.encode())
    return f'"{digest.hexdigest()[:32]}"'


def versions(tags: Iterable[str]) -> list[int]:
    """The versions in these tags. Weak tags and tags that ``item_etag`` did not make have none."""
    return [int(found[1]) for found in map(VERSIONED.fullmatch, tags) if found]
