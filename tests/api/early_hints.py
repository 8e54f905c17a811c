"""The service, with Early Hints before each response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from itemsvc.wsgi import application as service


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """The service's application; it fails if the server offers no Early Hints."""
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    return service(environ, start_response)
