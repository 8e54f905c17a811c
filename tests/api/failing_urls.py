"""Views that fail: as a bug does, as the database does, and on purpose."""

from __future__ import annotations

from typing import NoReturn

from django.db import IntegrityError, connection
from django.http import HttpRequest
from django.urls import include, path
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from itemsvc.urls import handler400, handler403, handler404, handler500  # noqa: F401


class Bug(APIView):
    """Fails with a local variable that nobody else may see."""

    def post(self, request: Request) -> NoReturn:
        secret = request.data["secret"]
        raise ZeroDivisionError(f"a bug with {len(secret)} letters")


class Busy(APIView):
    """503 on purpose."""

    def get(self, request: Request) -> NoReturn:
        error = APIException("Come back later.")
        error.status_code = 503
        raise error


def duplicate(request: HttpRequest) -> NoReturn:
    """What PostgreSQL says of a row, its values in the second line."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE people (email text UNIQUE) ON COMMIT PRESERVE ROWS")
        cursor.execute("INSERT INTO people VALUES (%s), (%s)", [request.GET["email"]] * 2)
    raise IntegrityError


urlpatterns = [
    path("bug", Bug.as_view()),
    path("busy", Busy.as_view()),
    path("duplicate", duplicate),
    path("", include("itemsvc.urls")),
]
