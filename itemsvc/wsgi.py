"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsvc.settings")
django.setup(set_prefix=False)

from itemsvc.fast.dispatch import FastPath  # noqa: E402  (needs the settings)
from itemsvc.http.handler import Handler  # noqa: E402
from itemsvc.resources.plan.views import survey  # noqa: E402
from itemsvc.settings import middleware  # noqa: E402

logger = logging.getLogger(__name__)

django_application = Handler()


def drf_path(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """DRF's path: calls Django, and sets the Content-Length of a chunked body.

    Without a Content-Length, Django treats the body as empty. One byte more than MAX_BODY_BYTES is enough for a 413.
    """
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        # In place, because metrics and traces read the route from this environ after the response.
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return django_application(environ, start_response)


def foreign() -> str:
    """What MIDDLEWARE has besides the service's own, in words; empty if the front door may be open.

    The front door keeps the middleware's headers for each host and scheme. Other middleware may depend on more, unless
    it says that it does not: `precomputable = True`.
    """
    names = [name for name in settings.MIDDLEWARE if not getattr(import_string(name), "precomputable", False)]
    if names in (middleware(admin=False), middleware(admin=True)):
        return ""
    return ", ".join(sorted(set(names).difference(middleware(admin=True)))) or "another order"


def summary() -> str:
    """How many operations are fast, and whether the front door is open."""
    obstacles = [obstacle for _, _, obstacle in survey()]
    door = f"closed, because MIDDLEWARE has {others}" if others else "open"
    return f"{obstacles.count(None)} of {len(obstacles)} operations are fast. The front door is {door}."


others = foreign()
application: Any = drf_path if others else FastPath(django_application, drf_path)
if others:
    logger.warning("The front door is closed, so every request passes all of MIDDLEWARE: it has %s.", others)
if settings.DEBUG:
    logger.info("%s `manage.py fastpath` names them.", summary())

if settings.TRACES_EXPORTER != "none":
    # Imported here, so that OpenTelemetry is loaded only if traces are on.
    from itemsvc.observability.tracing import Tracing

    application = Tracing(application)
