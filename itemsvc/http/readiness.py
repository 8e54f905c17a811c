"""Readiness: `/health/ready` says whether this process can do its work; `liveness.py` beside it is `/health`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from itemsvc.http.errors import RETRY_AFTER_SECONDS

logger = logging.getLogger(__name__)


def database_problem() -> str | None:
    """Why the database does not answer, or None."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        # The driver's words name hosts and users: for the log, not for the caller.
        logger.warning("Readiness: the database does not answer: %s", exc)
        return "The database does not answer."
    return None


def migrations_problem() -> str | None:
    """Which migrations of this code the database lacks, or None."""
    try:
        loader = MigrationLoader(connection)
    except DatabaseError as exc:
        logger.warning("Readiness: the migration history cannot be read: %s", exc)
        return "The migration history cannot be read."
    missing = sorted(".".join(key) for key in loader.disk_migrations if key not in loader.applied_migrations)
    return f"Unapplied migrations: {', '.join(missing)}." if missing else None


#: In this order, and the first that fails ends it.
CHECKS: Mapping[str, Callable[[], str | None]] = {"database": database_problem, "migrations": migrations_problem}


CHECKED = inline_serializer(
    "Check",
    {
        "check": serializers.ChoiceField(list(CHECKS)),
        "outcome": serializers.ChoiceField(["passed", "failed", "skipped"]),
        "milliseconds": serializers.FloatField(min_value=0),
    },
    many=True,
)


def check() -> tuple[list[dict[str, Any]], dict[str, str] | None]:
    """Each check's outcome, and what failed with why; None where all passed."""
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
    """Whether this process can serve requests: the database answers and has every migration of this code."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    throttle_classes = ()

    @extend_schema(
        operation_id="readiness",
        parameters=[
            OpenApiParameter("Retry-After", int, OpenApiParameter.HEADER, response=[503], description="Seconds.")
        ],
        tags=["health"],
        responses={
            200: inline_serializer("Ready", {"status": serializers.ChoiceField(["ready"]), "checks": CHECKED}),
            503: OpenApiResponse(
                inline_serializer(
                    "NotReady",
                    {
                        "status": serializers.ChoiceField(["unavailable"]),
                        "check": serializers.ChoiceField(list(CHECKS)),
                        "detail": serializers.CharField(),
                        "checks": CHECKED,
                    },
                ),
                "The failing check, and why.",
            ),
        },
    )
    def get(self, request: Request) -> Response:
        """200 with `ready`, or 503 with the failing check and why; either with what each check took."""
        checks, failed = check()
        if failed is None:
            return Response({"status": "ready", "checks": checks})
        body = {"status": "unavailable", **failed, "checks": checks}
        return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
