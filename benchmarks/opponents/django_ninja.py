"""Django Ninja with the ORM, persistent connections, two middlewares and the orjson renderer of its documentation."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from benchmarks.opponents.table.database import databases

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["benchmarks.opponents.table"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    DATABASES=databases(CONN_MAX_AGE=None),
    ROOT_URLCONF=__name__,
    APPEND_SLASH=False,
    USE_I18N=False,
    USE_TZ=True,
)
application = get_wsgi_application()

# Models and forms need the settings above.
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI, Query, Schema  # noqa: E402
from ninja.renderers import BaseRenderer  # noqa: E402
from pydantic import ConfigDict, StringConstraints  # noqa: E402

from benchmarks.opponents.table.models import Item  # noqa: E402


class ORJSONRenderer(BaseRenderer):
    """The renderer of Ninja's documentation, with UTC written as Z."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """JSON."""
        return orjson.dumps(data, option=orjson.OPT_UTC_Z)


api = NinjaAPI(renderer=ORJSONRenderer())


class ItemIn(Schema):
    """The body of a POST."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)] = ""


class ItemOut(Schema):
    """The item in a response."""

    id: UUID
    name: str
    description: str
    created_at: datetime


@api.get("/health")
def health(request: HttpRequest) -> dict[str, str]:
    """No database."""
    return {"status": "healthy"}


@api.get("/items", response=list[ItemOut])
def list_items(
    request: HttpRequest,
    response: HttpResponse,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: UUID | None = None,
    search: str | None = None,
) -> list[Item]:
    """A page by key, newest first. One more row shows whether there is a next page."""
    query = Item.objects.all()
    if after:
        query = query.filter(id__lt=after)
    if search:
        query = query.filter(name__icontains=search)
    rows = list(query[: limit + 1])
    if len(rows) > limit:
        rows.pop()
        response["Link"] = f'</items?limit={limit}&after={rows[-1].id}>; rel="next"'
    return rows


@api.get("/export", response=list[ItemOut])
def export(request: HttpRequest) -> Any:
    """All items as an array."""
    return Item.objects.all()


@api.get("/items/{uuid:key}", response=ItemOut)
def read_item(request: HttpRequest, key: UUID) -> Item:
    """One item, or 404."""
    return get_object_or_404(Item, pk=key)


@api.post("/items", response={201: ItemOut})
def create_item(request: HttpRequest, given: ItemIn, response: HttpResponse) -> Any:
    """One INSERT … RETURNING."""
    item = Item.objects.create(**given.dict())
    response["Location"] = f"/items/{item.id}"
    return 201, item


urlpatterns = [path("", api.urls)]
