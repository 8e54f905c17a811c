"""Reports errors to Sentry. Loaded only if `SENTRY_DSN` is set.

It reports what the log has at ERROR: exceptions of views, errors of the server, and tracebacks of commands. So requests
without an error cost nothing more.

An event has the exception, its stack and the ids of the request. It has no query string, body, header, local variable,
and no further line of the message, where PostgreSQL quotes values. The SDK reads `SENTRY_ENVIRONMENT` itself.
"""

from __future__ import annotations

import logging

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint

from itemsvc.core import logs, routes

#: Seconds that an ending process waits until its events are sent.
SHUTDOWN_SECONDS = 2


def start() -> None:
    """Begins to report. gunicorn forks later, which is safe: the SDK starts its thread with the first event."""
    # Otherwise each event causes four warnings while Sentry does not answer.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    sentry_sdk.init(
        settings.SENTRY_DSN,
        release=settings.APP_VERSION,
        before_send=complete,
        default_integrations=False,
        integrations=[
            LoggingIntegration(level=None, sentry_logs_level=None),
            ExcepthookIntegration(),
            # The SDK would print to standard error.
            AtexitIntegration(callback=lambda pending, timeout: None),
        ],
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        send_client_reports=False,
        auto_session_tracking=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )


def complete(event: Event, hint: Hint) -> Event | None:
    """The event with the request's ids and without the client's data; None if nothing failed."""
    record = hint.get("log_record")
    # Django logs every 5xx. Without an exception, a view answers so on purpose (readiness, too many exports).
    if record and record.name == "django.request" and not record.exc_info:
        return None
    request = getattr(record, "request", None)
    event.pop("extra", None)
    for exception in event.get("exception", {}).get("values", ()):
        exception["value"] = str(exception.get("value") or "").partition("\n")[0]
    method = getattr(request, "method", None)
    tags = {"request_id": logs.request_id.get(), "trace_id": logs.trace_id.get(), "method": method}
    event["tags"] = {name: value for name, value in tags.items() if value}
    if request and (route := routes.of(request.META)):
        event["transaction"] = route
    return event
