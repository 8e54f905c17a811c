"""The Link header (RFC 8288), and the paths of rows."""

from collections.abc import Iterable
from typing import Any

from django.urls import Resolver404, resolve


def path_below(request: Any, key: object) -> str | None:
    """The path of the row with this key, below the request's own; None if there is no view for it."""
    if not finds_row(f"{request.path_info.removesuffix('/')}/{key}", getattr(request, "urlconf", None)):
        return None
    return f"{request.path.removesuffix('/')}/{key}"


def finds_row(path: str, urlconf: Any = None) -> bool:
    """Whether a view answers at this path, and takes its last part for a key and not for another column."""
    try:
        view = getattr(resolve(path, urlconf).func, "cls", None)
    except Resolver404:
        return False
    return getattr(view, "lookup_field", "pk") in ("pk", "id")


def link_header(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The header for pairs of relation and URL; empty without links."""
    text = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links)
    return {"Link": text} if text else {}
