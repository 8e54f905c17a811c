"""Readiness: `/health/ready` says whether this process can serve requests. `liveness.py` answers `/health`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from time import monotonic, perf_counter
from typing import Any

from django.db import DatabaseError, connection
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from itemsvc.db.migration_state import migration_state
from itemsvc.http.errors import RETRY_AFTER_SECONDS

logger = logging.getLogger(__name__)


def database_problem() -> str | None:
    """Why the database does not answer, or None."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        # The driver's message names hosts and users, so only the log has it.
        logger.warning("Readiness: the database does not answer: %s", exc)
        return "The database does not answer."
    return None


def migrations_problem() -> str | None:
    """Which migrations of this code are not applied, or None."""
    try:
        missing = migration_state().missing
    except DatabaseError as exc:
        logger.warning("Readiness: the migration history cannot be read: %s", exc)
        return "The migration history cannot be read."
    return f"Unapplied migrations: {', '.join(missing)}." if missing else None


#: The checks in order. After a check that fails, the others are skipped.
CHECKS: dict[str, Callable[[], str | None]] = {"database": database_problem, "migrations": migrations_problem}


def _constant(value: str) -> serializers.CharField:
    """A text that is always this one. As a choice it would take the name of a resource's own `status`."""
    described = extend_schema_field({"type": "string", "const": value})
    field: serializers.CharField = described(type("Constant", (serializers.CharField,), {}))()
    return field


CHECKED = inline_serializer(
    "ReadinessCheck",
    {
        "check": serializers.ChoiceField(list(CHECKS)),
        "outcome": serializers.ChoiceField(["passed", "failed", "skipped"]),
        "milliseconds": serializers.FloatField(min_value=0),
    },
    many=True,
)


@lru_cache(maxsize=1)
def check(second: int) -> tuple[list[dict[str, Any]], dict[str, str] | None]:
    """The outcome of each check, and the name and the problem of the one that failed, or None.

    Anybody may ask, and a check costs statements, so it is done once in each ``second`` of the monotonic clock.
    """
    checked: list[dict[str, Any]] = []
    failed: dict[str, str] | None = None
    for name, problem in CHECKS.items():
        if failed:
            checked.append({"check": name, "outcome": "skipped", "milliseconds": 0.0})
            continue
        began = perf_counter()
        if detail := problem():
            failed = {"check": name, "detail": detail}
        milliseconds = round((perf_counter() - began) * 1000, 3)
        checked.append({"check": name, "outcome": "failed" if failed else "passed", "milliseconds": milliseconds})
    return checked, failed


class ReadinessView(APIView):
    """Ready means that the database answers and has every migration of this code."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    throttle_classes = ()

    @extend_schema(
        operation_id="readiness",
        summary="Is the service ready for requests?",
        parameters=[
            OpenApiParameter("Retry-After", int, OpenApiParameter.HEADER, response=[503], description="Seconds.")
        ],
        tags=["health"],
        responses={
            200: inline_serializer("Ready", {"status": _constant("ready"), "checks": CHECKED}),
            503: OpenApiResponse(
                inline_serializer(
                    "NotReady",
                    {
                        "status": _constant("unavailable"),
                        "check": serializers.ChoiceField(list(CHECKS)),
                        "detail": serializers.CharField(),
                        "checks": CHECKED,
                    },
                ),
                "The check that failed, and why.",
            ),
        },
    )
    def get(self, request: Request) -> Response:
        """200, or 503 with the check that failed and why; both with the duration of each check."""
        checks, failed = check(int(monotonic()))
        if failed is None:
            return Response({"status": "ready", "checks": checks})
        body = {"status": "unavailable", **failed, "checks": checks}
        return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
