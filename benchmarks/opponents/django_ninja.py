"""Django Ninja with the ORM, persistent connections, two middlewares and the orjson renderer of its documentation."""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from environ import Env

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["benchmarks.opponents.table"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    DATABASES={"default": Env.db_url_config(os.environ["DATABASE_URL"]) | {"CONN_MAX_AGE": None}},
    ROOT_URLCONF=__name__,
    APPEND_SLASH=False,
    USE_I18N=False,
    USE_TZ=True,
)
application = get_wsgi_application()

# Models and forms need the settings above.
from django.db.models import QuerySet  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI, Query, Schema  # noqa: E402
from ninja.renderers import BaseRenderer  # noqa: E402
from pydantic import ConfigDict, Field, StringConstraints  # noqa: E402

from benchmarks.opponents.table.models import Item, Order  # noqa: E402


class ORJSONRenderer(BaseRenderer):
    """The renderer of Ninja's documentation, with UTC written as Z and decimals as text."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """JSON."""
        return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


api = NinjaAPI(renderer=ORJSONRenderer())
Limit = Annotated[int, Query(ge=1, le=1000)]


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


class OrderIn(Schema):
    """The body of a POST. ``customer_id`` is written as `customer`."""

    model_config = ConfigDict(extra="forbid")
    customer_id: UUID = Field(alias="customer")
    status: Literal["open", "paid", "sent"] = "open"
    total: Annotated[Decimal, Field(max_digits=10, decimal_places=2)]
    placed_on: date
    gift: bool = False
    tags: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=10)] = Field(default_factory=list)
    details: Any = Field(default_factory=dict)


class OrderOut(Schema):
    """The order in a response."""

    id: UUID
    customer: UUID = Field(alias="customer_id")
    status: str
    total: Decimal
    placed_on: date
    gift: bool
    tags: list[str]
    details: Any
    created_at: datetime


def page(query: QuerySet, limit: int, response: HttpResponse) -> list[Any]:
    """A page. One more row shows whether there is a next page."""
    rows = list(query[: limit + 1])
    if len(rows) > limit:
        rows.pop()
        response["Link"] = f'<?limit={limit}&after={rows[-1].id}>; rel="next"'
    return rows


@api.get("/health")
def health(request: HttpRequest) -> dict[str, str]:
    """No database."""
    return {"status": "healthy"}


@api.get("/items", response=list[ItemOut])
def list_items(request: HttpRequest, response: HttpResponse, limit: Limit = 100) -> list[Item]:
    """A page, newest first."""
    return page(Item.objects.order_by("-id"), limit, response)


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


@api.get("/sample/orders", response=list[OrderOut])
def list_orders(request: HttpRequest, response: HttpResponse, limit: Limit = 100) -> list[Order]:
    """A page, the latest first."""
    return page(Order.objects.order_by("-placed_on", "-id"), limit, response)


@api.get("/sample/orders/{uuid:key}", response=OrderOut)
def read_order(request: HttpRequest, key: UUID) -> Order:
    """One order, or 404."""
    return get_object_or_404(Order, pk=key)


@api.post("/sample/orders", response={201: OrderOut})
def create_order(request: HttpRequest, given: OrderIn, response: HttpResponse) -> Any:
    """One INSERT … RETURNING."""
    order = Order.objects.create(**given.dict())
    response["Location"] = f"/sample/orders/{order.id}"
    return 201, order


urlpatterns = [path("", api.urls)]
