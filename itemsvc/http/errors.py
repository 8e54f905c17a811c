"""Errors as JSON in DRF's shape, `{"detail": …}`, wherever they are raised."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import psycopg2
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1


class ContentTooLarge(APIException):
    """413: the body is above MAX_BODY_BYTES."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "Request body is too large."
    default_code = "content_too_large"


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler, with 413 for a body above the limit and 400 for a body that did not arrive."""
    if isinstance(exc, RequestDataTooBig):
        exc = ContentTooLarge()
    elif isinstance(exc, UnreadablePostError):
        exc = ParseError("The body could not be read to its end.")
    return drf_exception_handler(exc, context)


def error(status_code: int, detail: str, retry_after: int | None = None) -> JsonResponse:
    """One error as JSON; ``detail`` is a sentence for the caller, ``retry_after`` is in seconds."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    params = {"separators": (",", ":")}
    return JsonResponse({"detail": detail}, status=status_code, headers=headers, json_dumps_params=params)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler400, for a host that is not allowed, a malformed request or a form that is too large."""
    if isinstance(exception, RequestDataTooBig):
        return error(413, str(ContentTooLarge.default_detail))
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
    """503 for a database that cannot answer; its error message is for the log only."""
    logger.error("Database unavailable: %s: %s", type(exception).__name__, first_line(exception))
    return error(503, "The database is unavailable. Try again shortly.", RETRY_AFTER_SECONDS)


class DatabaseErrorMiddleware:
    """Answers 503 if the database cannot answer, so that the caller tries again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Returns the response unchanged."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> JsonResponse | None:
        """503 for an operational error; None, for Django's 500, for a programming error."""
        if not is_unavailable(exception):
            return None
        return unavailable(exception)


def is_unavailable(exception: BaseException) -> bool:
    """Whether the database, rather than the statement, is what failed."""
    # If a connection breaks while rows are read, the driver raises a bare DatabaseError. Django does not translate the
    # error that then comes from closing the cursor.
    if type(exception) in (DatabaseError, psycopg2.DatabaseError):
        return True
    untranslated = psycopg2.OperationalError | psycopg2.InterfaceError
    return isinstance(exception, OperationalError | InterfaceError | untranslated)


def first_line(exception: BaseException) -> str:
    """The first line of the error message."""
    return str(exception).strip().partition("\n")[0]
