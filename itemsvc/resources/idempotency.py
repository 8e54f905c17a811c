"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a client can safely repeat a POST."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Self
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from drf_spectacular.utils import OpenApiParameter
from rest_framework import generics, mixins, status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from itemsvc.auth.authentication import subject
from itemsvc.resources.conditional import etag_of, is_json
from itemsvc.resources.models import IdempotencyKey

KEPT = timedelta(hours=24)
EXPIRED_BATCH = 1000
IN_FLIGHT_RETRY_SECONDS = 1
REPLAYED = "Idempotency-Replayed"

#: Whether a place has a response, and the statement that puts one there, over an expired one.
TABLE = IdempotencyKey._meta.db_table
KNOWN = f"SELECT 1 FROM {TABLE} WHERE id = %s AND created_at > now() - interval '{KEPT.total_seconds()} s'"  # noqa: S608
STORE = f"""INSERT INTO {TABLE} (id, fingerprint, status, headers, body) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (id) DO UPDATE SET (fingerprint, status, headers, body, created_at) =
    (EXCLUDED.fingerprint, EXCLUDED.status, EXCLUDED.headers, EXCLUDED.body, EXCLUDED.created_at)"""  # noqa: S608

# A string of RFC 8941, as the draft says, or without quotes, as many clients send it.
KEY = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"|([!#-+./0-9:=A-Z^_`a-z|~-]{1,255})')

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-+./0-9:=A-Z^_`a-z|~-]{1,255})$'},
    OpenApiParameter.HEADER,
    description="The client's name for this request, such as a UUID. If the client sends the same body with it again "
    "within 24 hours, the service does not repeat the work but sends the first response again.",
)
IDEMPOTENCY_REPLAYED = OpenApiParameter(
    REPLAYED,
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=[201],
    description="The service knew the Idempotency-Key, so this is the first response again.",
)


class InFlight(APIException):
    """409: the first request with this key is still running."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "A request with this Idempotency-Key is under way. Try again shortly."
    default_code = "in_flight"
    wait = IN_FLIGHT_RETRY_SECONDS  # DRF's exception handler sends it as Retry-After.


class AnotherRequest(APIException):
    """422: another body was sent with this key."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request."
    default_code = "another_request"


@dataclass(frozen=True)
class Place:
    """Where a response is stored: a hash of caller, operation and key, a hash of the body, the lock's number."""

    id: UUID
    lock: int
    fingerprint: UUID

    @classmethod
    def of(cls, environ: Mapping[str, Any], route: str, key: str, data: Any) -> Self:
        """The place for a POST of this value with this key; raises ParseError if the value is nested too deeply."""
        try:
            body = json.dumps(data, sort_keys=True).encode()
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        place = sha256(json.dumps([namespace(environ), f"POST {route}", key]).encode()).digest()
        lock = int.from_bytes(place[16:24], signed=True)
        return cls(UUID(bytes=place[:16]), lock, UUID(bytes=sha256(body).digest()[:16]))


class IdempotentCreateMixin(mixins.CreateModelMixin, generics.GenericAPIView):
    """Runs a POST with an Idempotency-Key once, and stores the response in the same transaction.

    It stores only successes. A refused request has changed nothing, so the client may correct it and keep the key.
    """

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The 201 response; raises InFlight or AnotherRequest."""
        key = read_key(request.META)
        if key is None:
            return super().create(request, *args, **kwargs)
        place = Place.of(request.META, request.resolver_match.route, key, request.data)  # type: ignore[union-attr]
        with transaction.atomic():
            if not lock(place):
                raise InFlight
            kept = IdempotencyKey.objects.filter(pk=place.id, created_at__gt=Now() - KEPT).first()
            if kept:
                return replay(kept, place, request)
            response = super().create(request, *args, **kwargs)
            keep(response, place)
        return response


def read_key(environ: Mapping[str, Any]) -> str | None:
    """The request's key, or None; raises ValidationError if it is malformed."""
    text = environ.get("HTTP_IDEMPOTENCY_KEY")
    if text is None:
        return None
    found = KEY.fullmatch(text)
    if not found:
        message = 'Must be 1 to 255 visible ASCII characters in double quotes, such as a UUID: "…".'
        raise ValidationError({"Idempotency-Key": [message]})
    return found[2] or re.sub(r"\\(.)", r"\1", found[1])


def namespace(environ: Mapping[str, Any]) -> str:
    """The owner of the key: the caller with a verified token. All callers without a token share one namespace.

    Addresses do not identify callers: many share one behind a NAT, and a phone changes its own between two tries.
    """
    return subject(environ) or "anyone"


def lock(place: Place) -> bool:
    """Locks the key until the transaction ends; returns False at once if another transaction has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [place.lock])
        taken: bool = cursor.fetchone()[0]
        return taken


def replay(kept: IdempotencyKey, place: Place, request: Request) -> Response:
    """The stored response; raises AnotherRequest if the body differs."""
    if kept.fingerprint != place.fingerprint:
        raise AnotherRequest
    headers = {name: value for name, value in kept.headers.items() if name != "ETag" or is_json(request)}
    return Response(json.loads(kept.body), status=kept.status, headers=headers | {REPLAYED: "true"})


def keep(response: Response, place: Place) -> None:
    """Stores the response, in place of an expired one."""
    body = JSONRenderer().render(response.data)
    headers = {"Location": response.get("Location"), "ETag": etag_of(response.data, body)}
    store(place, response.status_code, {name: value for name, value in headers.items() if value}, body)


def store(place: Place, status_code: int, headers: Mapping[str, str], body: bytes) -> None:
    """Stores what a response is made of."""
    with connection.cursor() as cursor:
        cursor.execute(STORE, [place.id, place.fingerprint, status_code, json.dumps(headers), body.decode()])


def expire() -> int:
    """Removes the oldest expired keys, at most EXPIRED_BATCH; returns their number."""
    expired = IdempotencyKey.objects.filter(created_at__lte=Now() - KEPT).order_by("created_at")
    removed, _ = IdempotencyKey.objects.filter(pk__in=expired.values("pk")[:EXPIRED_BATCH]).delete()
    return removed
