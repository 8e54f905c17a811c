"""Entity tags (RFC 9110, section 8.8.3), made from plain data: a row's version and the bytes that are sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

VERSIONED = re.compile(r'"([0-9]{1,18})-[0-9a-f]{16}"')


def item_etag(version: int, body: bytes) -> str:
    """The tag of one row's representation: its version, which a write is decided by, and a hash of its bytes.

    The hash is for the caches: the next release may show the same row in another way.
    """
    return f'"{version}-{sha256(body).hexdigest()[:16]}"'


def list_etag(body: bytes, link: str = "") -> str:
    """The tag of a page: a hash of its bytes and of its Link header, which may change while they do not."""
    digest = sha256(body)
    digest.update(link.encode())
    return f'"{digest.hexdigest()[:32]}"'


def versions(tags: Iterable[str]) -> list[int]:
    """The versions that these tags of ``item_etag`` name; another tag, a weak one included, names none."""
    return [int(found[1]) for found in map(VERSIONED.fullmatch, tags) if found]
