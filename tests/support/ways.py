"""The ways to an operation, as WSGI applications: the front door, the door behind the middleware, DRF's own path."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

from django.test import RequestFactory
from rest_framework.views import APIView

from itemsvc.core import routes
from itemsvc.http.handler import Handler
from itemsvc.resources.views import ResourceView

#: Headers that no two answers share.
OF_ITS_OWN = ("Date", "X-Request-ID")

Way = Callable[[dict[str, Any], Any], Any]
#: Status, headers, body, and the route for logs and metrics.
Answer = tuple[int, dict[str, str], bytes, str | None]


def ask(application: Way, method: str, path: str, body: bytes = b"", **more: str) -> Answer:
    """What an application answers, without what is every answer's own."""
    begun: list[Any] = []
    environ = RequestFactory().generic(method, path, body, "application/json" if body else "", **more).environ
    answered = application(environ, lambda *words: begun.extend(words))
    content = b"".join(answered)
    getattr(answered, "close", lambda: None)()
    headers = {name: value for name, value in begun[1] if name not in OF_ITS_OWN}
    if content.lstrip().startswith(b"<!DOCTYPE html>"):
        content, headers["Content-Length"] = b"A page, which has a token of its own.", ""
    return int(begun[0][:3]), headers, content, environ.get(routes.KEY)


def every_way() -> dict[str, Way]:
    """All of them by name. A team may have removed the front door."""
    ways: dict[str, Way] = {"DRF's path": drf_path(), "behind the middleware": Handler()}
    return ways | ({"the front door": front_door()} if find_spec("itemsvc.fast") else {})


def front_door() -> Way:
    """The service's application."""
    from itemsvc.fast.dispatch import FastPath

    handler = Handler()
    return FastPath(handler, handler)


def drf_path() -> Way:
    """The service's application without a door."""
    handler = Handler()

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        with patch.object(ResourceView, "dispatch", APIView.dispatch):
            return handler(environ, start_response)

    return answer
