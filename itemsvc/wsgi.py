"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsvc.settings")
django.setup(set_prefix=False)

from itemsvc.fast.dispatch import FastPath  # noqa: E402  These need the settings.
from itemsvc.fast.frames import Handler  # noqa: E402
from itemsvc.settings import middleware  # noqa: E402

logger = logging.getLogger(__name__)

django_application = Handler()


def ordinary(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, given a Content-Length for a chunked body too.

    Without one Django takes the body for empty. At most one byte more than the limit is read, which is enough for
    Django to answer 413.
    """
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        # In place: what is left in it (the route) is read when the request has been answered.
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return django_application(environ, start_response)


application: Any = ordinary
if settings.MIDDLEWARE in (middleware(admin=False), middleware(admin=True)):
    application = FastPath(django_application, ordinary)
else:
    # It keeps what the middleware adds to an answer, by host and scheme; another's may depend on anything else.
    unknown = ", ".join(sorted(set(settings.MIDDLEWARE).difference(middleware(admin=True)))) or "another order"
    logger.warning("The fast path is off: MIDDLEWARE has what it does not know (%s). Every request passes it.", unknown)

if settings.TRACES_EXPORTER != "none":
    # Off, neither is OpenTelemetry loaded nor the application wrapped.
    from itemsvc.observability.tracing import Tracing

    application = Tracing(application)
