"""Errors to Sentry. Loaded only where `SENTRY_DSN` asks for it.

What is reported is what the log has at ERROR: Django logs each exception of a view there, the server its own errors, a
command its traceback. So a request costs nothing more, on whichever path it is answered.

Sent are the exception, its stack and the ids of the request. Not sent: query strings, bodies, headers, local variables
and the values that PostgreSQL quotes in its second line. The SDK reads `SENTRY_ENVIRONMENT` itself.
"""

from __future__ import annotations

import logging
from typing import Any

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint

from itemsvc.core import logs, routes

#: What a stopping process waits for events that are on their way.
SHUTDOWN_SECONDS = 2


def start() -> None:
    """Begins to report. Called before gunicorn forks: the SDK's thread starts with a process's first event."""
    # With Sentry away, each event would be four warnings.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    sentry_sdk.init(
        settings.SENTRY_DSN,
        release=settings.APP_VERSION,
        before_send=complete,
        default_integrations=False,
        integrations=[
            LoggingIntegration(level=None, sentry_logs_level=None),
            ExcepthookIntegration(),
            # Standard error is for log lines.
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
    """The event with its request's ids and without what callers sent; None where nothing failed."""
    record = hint.get("log_record")
    # A view answered so on purpose (readiness, too many exports), and Django logs every 5xx.
    if record and record.name == "django.request" and not record.exc_info:
        return None
    request = getattr(record, "request", None)
    event.pop("extra", None)
    for exception in event.get("exception", {}).get("values", ()):
        exception["value"] = str(exception.get("value") or "").partition("\n")[0]
    event["tags"] = {name: value for name, value in tags(request).items() if value}
    if request and (route := routes.of(request.META)):
        event["transaction"] = route
    return event


def tags(request: Any) -> dict[str, str | None]:
    """What an event is found by."""
    return {
        "request_id": logs.request_id.get(),
        "trace_id": logs.trace_id.get(),
        "method": getattr(request, "method", None),
    }
