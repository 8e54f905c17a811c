"""Django Ninja with the ORM, persistent connections, two middlewares and the orjson renderer of its documentation."""

from __future__ import annotations

import os
from typing import Annotated, Any
from uuid import UUID

import orjson
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from environ import Env

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    DATABASES={"default": Env.db_url_config(os.environ["DATABASE_URL"]) | {"CONN_MAX_AGE": None}},
    ROOT_URLCONF=__name__,
    APPEND_SLASH=False,
    USE_I18N=False,
    USE_TZ=True,
)
application = get_wsgi_application()

# Models and forms need the settings above.
from django.contrib.postgres.fields import ArrayField  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI, Query, Schema  # noqa: E402
from ninja.renderers import BaseRenderer  # noqa: E402

from benchmarks.opponents import schemas  # noqa: E402


class UUIDv7(models.Func):
    """PostgreSQL 18's uuidv7()."""

    function = "uuidv7"
    output_field = models.UUIDField()


class Made(models.Model):
    """What the database sets. The service's migrations make the tables."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    created_at = models.GeneratedField(
        expression=models.Func(models.F("id"), function="uuid_extract_timestamp"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    class Meta:
        abstract = True
        managed = False
        app_label = "benchmark"


class Item(Made):
    """A named thing."""

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="", max_length=10_000)

    class Meta(Made.Meta):
        db_table = "items_item"

    def __str__(self) -> str:
        return self.name


class Order(Made):
    """The sample app's; its customer is a key here."""

    customer = models.UUIDField(db_column="customer_id")
    status = models.CharField(max_length=10)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    placed_on = models.DateField()
    gift = models.BooleanField(default=False)
    tags = ArrayField(models.CharField(max_length=20), default=list)
    details = models.JSONField(default=dict)

    class Meta(Made.Meta):
        db_table = "sample_order"

    def __str__(self) -> str:
        return str(self.id)


class ORJSONRenderer(BaseRenderer):
    """The renderer of Ninja's documentation, with UTC written as Z and decimals as text."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """JSON."""
        return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


api = NinjaAPI(renderer=ORJSONRenderer())
Limit = Annotated[int, Query(ge=1, le=1000)]


class ItemIn(Schema, schemas.ItemIn):
    """The body of a POST."""


class ItemOut(Schema, schemas.ItemOut):
    """The item in a response."""


class OrderIn(Schema, schemas.OrderIn):
    """The body of a POST."""


class OrderOut(Schema, schemas.OrderOut):
    """The order in a response."""


def page(query: models.QuerySet, limit: int, response: HttpResponse) -> list[Any]:
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
