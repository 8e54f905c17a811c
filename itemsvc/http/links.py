"""The Link header (RFC 8288)."""

from collections.abc import Iterable


def link_header(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The header for pairs of relation and URL; empty without links."""
    text = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links)
    return {"Link": text} if text else {}
