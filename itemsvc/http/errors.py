"""Errors in DRF's own shape, `{"detail": …}`, as JSON, whoever raises them and wherever."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import psycopg2
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from psycopg2.errors import ExclusionViolation, ForeignKeyViolation, UniqueViolation
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1
CONFLICTS = (UniqueViolation, ForeignKeyViolation, ExclusionViolation)


class ContentTooLarge(APIException):
    """413: the body is above MAX_BODY_BYTES."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "Request body is too large."
    default_code = "content_too_large"


class Conflict(APIException):
    """409: the database refused the rows, because of others that there are."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Another row has a value that must be unique, is still referred to, or is gone."
    default_code = "conflict"


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler.

    Also answers 413 for a body above the limit, 400 for one whose sender went away or fell silent, and 409 for rows
    that conflict with others.
    """
    if isinstance(exc, RequestDataTooBig):
        exc = ContentTooLarge()
    elif isinstance(exc, UnreadablePostError):
        exc = ParseError("The body could not be read to its end.")
    elif isinstance(exc, IntegrityError) and is_conflict(exc):
        exc = Conflict()
    return drf_exception_handler(exc, context)


def error(status_code: int, detail: str) -> JsonResponse:
    """One error as JSON; `detail` is a sentence for the caller."""
    return JsonResponse({"detail": detail}, status=status_code, json_dumps_params={"separators": (",", ":")})


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler400: a host that is not allowed, a malformed request, a form that is too large."""
    if isinstance(exception, RequestDataTooBig):
        return error(413, str(ContentTooLarge.default_detail))
    return error(400, "Bad request.")


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler403."""
    return error(403, "You do not have permission to perform this action.")


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """CSRF_FAILURE_VIEW: the admin's forms are all that is protected by a token."""
    return error(403, f"CSRF verification failed: {reason}")


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler404."""
    return error(404, "Not found.")


def server_error(request: HttpRequest) -> JsonResponse:
    """Django's handler500; the traceback is in the log, never in the answer."""
    return error(500, "Internal server error.")


def unavailable(exception: BaseException) -> JsonResponse:
    """503 for a database that is away, too slow or out of connections; what it said is for the log."""
    logger.error("Database unavailable: %s: %s", type(exception).__name__, first_line(exception))
    response = error(503, "The database is unavailable. Try again shortly.")
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


class DatabaseErrorMiddleware:
    """Turns a database that cannot answer into 503: the service is well, and the caller may try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response as it is."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> JsonResponse | None:
        """503 for an operational error; None, for Django's 500, for a programming error."""
        if not is_unavailable(exception):
            return None
        return unavailable(exception)


def is_conflict(exception: IntegrityError) -> bool:
    """Whether other rows are the reason; a missing value, or a rule of the row itself, is an error of the code."""
    cause = exception.__cause__
    return isinstance(exception, ProtectedError | RestrictedError) or isinstance(cause, CONFLICTS)


def is_unavailable(exception: BaseException) -> bool:
    """Whether the database, rather than the statement, is what failed."""
    # Of a connection that breaks while rows are read the driver says no more than DatabaseError; and what it raises
    # when Django closes the cursor for that reason is not translated.
    if type(exception) in (DatabaseError, psycopg2.DatabaseError):
        return True
    untranslated = psycopg2.OperationalError | psycopg2.InterfaceError
    return isinstance(exception, OperationalError | InterfaceError | untranslated)


def first_line(exception: BaseException) -> str:
    """What the driver said, on one line."""
    return str(exception).strip().partition("\n")[0]
