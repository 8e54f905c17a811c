"""Errors as JSON in DRF's shape, `{"detail": …}`, wherever they are raised."""

from __future__ import annotations

import logging
from typing import Any

import psycopg2
from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.utils.deprecation import MiddlewareMixin
from psycopg2.errors import DatetimeFieldOverflow, InvalidDatetimeFormat, InvalidTextRepresentation, QueryCanceled
from rest_framework.exceptions import NotAcceptable, ParseError, Throttled, ValidationError
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler

from itemsvc.db.errors import first_line
from itemsvc.http.conflicts import refusal
from itemsvc.http.negotiation import UnsupportedCoding

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1
#: What the database says of a text that it cannot read as a value of its column.
UNREADABLE = (DatetimeFieldOverflow, InvalidDatetimeFormat, InvalidTextRepresentation)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler, with 400 for a body that did not arrive whole, and answers for rows that the database refuses."""
    if isinstance(exc, UnreadablePostError):
        exc = ParseError("The body could not be read to its end.")
    elif isinstance(exc, IntegrityError):
        exc = refusal(exc) or exc
    elif isinstance(exc.__cause__, UNREADABLE):
        exc = ParseError("A value of the request has another type than its column.")
    elif isinstance(exc, DjangoValidationError):
        exc = _invalid(exc)
    elif isinstance(exc, NotAcceptable):
        exc = _throttled(context) or exc
    response = drf_exception_handler(exc, context)
    if response is not None and isinstance(exc, UnsupportedCoding):
        response["Accept-Encoding"] = exc.accept_encoding
    return response


def _invalid(exc: DjangoValidationError) -> ValidationError:
    """The error of a model's `full_clean`, or of a queryset that cannot read a value, such as a cursor's."""
    problems = as_serializer_error(exc)
    names: dict[str, Any] = {NON_FIELD_ERRORS: api_settings.NON_FIELD_ERRORS_KEY}
    return ValidationError({names.get(name, name): texts for name, texts in problems.items()})


def _throttled(context: dict[str, Any]) -> Throttled | None:
    """The error if the caller has made too many requests: the framework counts a request after its negotiation only."""
    try:
        context["view"].check_throttles(context["request"])
    except Throttled as exc:
        return exc
    return None


def error(status_code: int, detail: str, retry_after: int | None = None) -> JsonResponse:
    """One error as JSON; ``detail`` is a sentence for the client, ``retry_after`` is in seconds."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    params = {"separators": (",", ":")}
    return JsonResponse({"detail": detail}, status=status_code, headers=headers, json_dumps_params=params)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler400, for a host that is not allowed, a malformed request or a body above MAX_BODY_BYTES."""
    if isinstance(exception, RequestDataTooBig):
        return error(413, "Request body is too large.")
    return error(400, "Bad request.")


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler403."""
    return error(403, "You do not have permission to perform this action.")


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """CSRF_FAILURE_VIEW; only the forms of the admin need a CSRF token."""
    return error(403, f"CSRF verification failed: {reason}")


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler404."""
    return error(404, "Not found.")


def server_error(request: HttpRequest) -> JsonResponse:
    """Django's handler500; the traceback is in the log, never in the response."""
    return error(500, "Internal server error.")


def unavailable(exception: BaseException) -> JsonResponse:
    """503; the database's message goes to the log only."""
    if isinstance(exception, QueryCanceled) or isinstance(exception.__cause__, QueryCanceled):
        logger.warning("A statement took too long: %s", first_line(exception))
        return error(503, "The database took too long. Ask for less, or try again shortly.", RETRY_AFTER_SECONDS)
    logger.error("Database unavailable: %s: %s", type(exception).__name__, first_line(exception))
    return error(503, "The database is unavailable. Try again shortly.", RETRY_AFTER_SECONDS)


class DatabaseErrorMiddleware(MiddlewareMixin):
    """Answers 503 if the database is unavailable, so that the client tries again."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> JsonResponse | None:
        """503 if the database is unavailable; None for other errors, which Django answers with 500."""
        return unavailable(exception) if is_unavailable(exception) else None


def is_unavailable(exception: BaseException) -> bool:
    """Whether the database failed, and not only the statement."""
    # If a connection breaks while rows are read, the driver raises a bare DatabaseError. Django does not translate the
    # error that then comes from closing the cursor.
    if type(exception) in (DatabaseError, psycopg2.DatabaseError):
        return True
    untranslated = psycopg2.OperationalError | psycopg2.InterfaceError
    return isinstance(exception, OperationalError | InterfaceError | untranslated)
