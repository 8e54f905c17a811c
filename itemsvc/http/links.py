"""The Link header (RFC 8288), and the paths of rows."""

from collections.abc import Iterable
from typing import Any

from django.urls import Resolver404, resolve


def path_below(request: Any, key: object) -> str | None:
    """The path of the row with this key, below the request's own; None if there is no view for it."""
    try:
        resolve(f"{request.path_info.removesuffix('/')}/{key}", getattr(request, "urlconf", None))
    except Resolver404:
        return None
    return f"{request.path.removesuffix('/')}/{key}"


def link_header(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The header for pairs of relation and URL; empty without links."""
    text = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links)
    return {"Link": text} if text else {}
