"""System checks: a mistake in a view or a model is said by `manage.py check`, before a request meets it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pgtrigger
import pytest
from django.core.checks import CheckMessage
from django.db import models, transaction
from django.test.utils import isolate_apps
from django.urls import path
from django.utils.decorators import method_decorator
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from itemsvc.auth.authentication import HasScope
from itemsvc.auth.checks import check_scopes
from itemsvc.resources import checks
from itemsvc.resources.models import Resource, part_of, version_trigger
from itemsvc.resources.views import ResourceDetailView, ResourceListView
from tests.sample.filters import GadgetFilter
from tests.sample.models import Gadget, Line, Order
from tests.sample.serializers import GadgetSerializer
from tests.support.client import Client

Serve = Callable[..., None]


@pytest.fixture
def serve(settings: Any) -> Serve:
    """Makes these views all that there is."""

    def serve(*views: Any) -> None:
        urls = ModuleType("urls")
        urls.urlpatterns = [  # type: ignore[attr-defined]
            path(f"{number}", view.as_view() if isinstance(view, type) else view) for number, view in enumerate(views)
        ]
        settings.ROOT_URLCONF = urls

    return serve


def found(messages: list[CheckMessage]) -> list[tuple[str | None, str]]:
    """Their ids and first words; each says what to do."""
    assert all(message.hint for message in messages)
    return sorted((message.id, message.msg.split(" ")[0]) for message in messages)


class Owns(IsAuthenticated):
    """A team's own."""


class Unnamed(APIView):
    permission_classes = (HasScope,)
    resource = ""


class Named(APIView):
    permission_classes = (HasScope, Owns)
    resource = "things"


class Dropping(APIView):
    permission_classes = (Owns,)
    resource = "things"


class Empty(APIView):
    permission_classes = ()


class Composed(APIView):
    permission_classes = ((HasScope & ~Owns) | Owns,)
    resource = "things"


class Public(APIView):
    permission_classes = (AllowAny,)


class ByRequest(APIView):
    permission_classes = (Owns,)

    def get_permissions(self) -> list[Any]:
        return [HasScope()]


class Things(ViewSet):
    permission_classes = (HasScope,)
    resource = "things"

    def list(self, request: Any) -> Response:
        return Response([])

    @action(detail=False, permission_classes=[Owns])
    def dropping(self, request: Any) -> Response:
        return Response([])


def test_a_view_that_no_token_fits_and_one_that_any_fits(serve: Serve, settings: Any) -> None:
    serve(Unnamed, Unnamed, Named, Dropping, Empty, Composed, Public, ByRequest)
    assert check_scopes(None) == []  # With API_AUTH=none there are no scopes.
    settings.API_AUTH = "oidc"
    assert found(check_scopes(None)) == [
        ("itemsvc.E009", "Unnamed"),
        ("itemsvc.E010", "Dropping"),
        ("itemsvc.E010", "Empty"),
    ]


def test_what_as_view_and_actions_are_told_counts(serve: Serve, settings: Any) -> None:
    settings.API_AUTH = "oidc"
    serve(Unnamed.as_view(resource="things"), Named.as_view(permission_classes=[Owns]))
    assert [message.id for message in check_scopes(None)] == ["itemsvc.E010"]
    router = SimpleRouter()
    router.register("things", Things, basename="thing")
    urls = ModuleType("urls")
    urls.urlpatterns = router.urls  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    assert [message.id for message in check_scopes(None)] == ["itemsvc.E010"]


def test_the_services_own_views_are_protected(settings: Any) -> None:
    settings.ROOT_URLCONF, settings.API_AUTH = "itemsvc.urls", "oidc"
    assert not [message for message in check_scopes(None) if message.id == "itemsvc.E010"]


def listing(**attributes: Any) -> type[ResourceListView]:
    """A list view of gadgets that nothing is wrong with, but for these attributes."""
    good = {"queryset": Gadget.objects.all(), "serializer_class": GadgetSerializer, "filterset_class": GadgetFilter}
    return type("Listing", (ResourceListView,), good | attributes)


def test_a_strict_back_end_needs_a_filter_set(serve: Serve) -> None:
    serve(listing(filterset_class=None))
    assert found(checks.check_views(None)) == [("itemsvc.E011", "Listing")]
    serve(listing(), listing(filterset_class=None, filterset_fields=["name"]), listing(filter_backends=()))
    assert checks.check_views(None) == []


def test_a_lock_needs_a_transaction(serve: Serve) -> None:
    locking = listing(queryset=Gadget.objects.select_for_update())
    serve(locking)
    assert found(checks.check_views(None)) == [("itemsvc.E020", "Listing")]
    serve(method_decorator(transaction.atomic, name="dispatch")(locking))
    assert checks.check_views(None) == []


class LineDetail(ResourceDetailView):
    queryset = Line.objects.all()


def test_conditional_writes_need_a_version(serve: Serve) -> None:
    serve(LineDetail)
    assert found(checks.check_costs(None)) == [("itemsvc.I012", "LineDetail")]
    assert not checks.check_costs(None)[0].is_serious()  # A model without a version is served all the same.


def test_without_a_version_no_condition_is_met(api: Client) -> None:
    order = Order.objects.create(
        customer_id=api.post("/sample/customers", {"name": "Ann", "email": "ann@example.com"}).json()["id"],
        total=1,
        placed_on="2026-01-01",
    )
    line = Line.objects.create(order=order, product="lamp")

    def write(**headers: str) -> int:
        return api.patch(
            f"/sample/lines/{line.pk}", {"quantity": 2}, content_type="application/json", headers=headers
        ).status_code

    assert write(If_Match='"1-0123456789abcdef"') == 412
    assert write(If_None_Match="*") == 412
    assert [write(If_Match="*"), write(If_None_Match='"other"'), write()] == [200] * 3


@isolate_apps("tests.sample")
def test_a_version_needs_its_trigger(serve: Serve) -> None:
    class Lost(Resource):
        class Meta:
            app_label = "sample"

    class Kept(Resource):
        class Meta(Resource.Meta):
            app_label = "sample"

    class Child(Kept):  # type: ignore[valid-type,misc]
        class Meta:
            app_label = "sample"

    class Heir(Kept):  # type: ignore[valid-type,misc]
        class Meta(Resource.Meta):
            app_label = "sample"

    class Counted(models.Model):  # noqa: DJ008
        version = models.BigIntegerField(db_default=1)

        class Meta:
            app_label = "sample"
            triggers = (version_trigger(),)

    class Touched(models.Model):  # noqa: DJ008
        version = models.BigIntegerField(db_default=1)

        class Meta:
            app_label = "sample"
            triggers = (pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),)

    def detail(model: Any) -> Any:
        return type("Detail", (ResourceDetailView,), {"queryset": model.objects.all()})

    serve(*map(detail, (Lost, Kept, Child, Heir, Counted, Touched)))
    expected = [("itemsvc.E013", "sample.Lost"), ("itemsvc.E013", "sample.Touched"), ("itemsvc.E019", "sample.Heir")]
    assert found(checks.check_views(None)) == expected


def test_a_resource_without_a_view_needs_its_trigger_too(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    with isolate_apps("tests.sample") as registry:

        class Lost(Resource):
            class Meta:
                app_label = "sample"

        monkeypatch.setattr(checks, "apps", registry)
        assert found(checks.check_views(None)) == [("itemsvc.E013", "sample.Lost")]


@isolate_apps("tests.sample")
def test_a_part_changes_the_whole(serve: Serve) -> None:
    class Whole(Resource):
        class Meta(Resource.Meta):
            app_label = "sample"

    def part(name: str, *triggers: Any) -> Any:
        whole = models.ForeignKey(Whole, models.CASCADE, related_name=name.lower())
        meta = type("Meta", (), {"app_label": "sample", "triggers": triggers})
        return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, "whole": whole})

    def shown(model: Any) -> Any:
        meta = type("Meta", (), {"model": model, "fields": ("id",)})
        return type("Shown", (ModelSerializer,), {"Meta": meta})(many=True)

    lost, kept, _ = part("Lost"), part("Kept", part_of("whole")), part("Unseen")
    serializer = type("Serializer", (ModelSerializer,), {"lost": shown(lost), "items": shown(kept)})
    serializer._declared_fields["items"].source = "kept"
    serve(type("Detail", (ResourceDetailView,), {"queryset": Whole.objects.all(), "serializer_class": serializer}))
    assert found(checks.check_costs(None)) == [("itemsvc.W018", "sample.Lost")]


def indexed(indexes: Any = (), constraints: Any = ()) -> Any:
    """A list of a model with these, by `code` and by its key."""
    meta = {"app_label": "sample", "indexes": indexes, "constraints": constraints}
    columns = {"code": models.CharField(max_length=9), "serial": models.IntegerField(unique=True)}
    model = type("Indexed", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), meta), **columns})
    orderings = ("id", "-code", "serial")
    return type("Listing", (ResourceListView,), {"queryset": model._default_manager.all(), "orderings": orderings,
                                                 "filter_backends": ()})  # fmt: skip


@isolate_apps("tests.sample")
@pytest.mark.parametrize(
    ("indexes", "constraints", "is_indexed"),
    [
        ([], [], False),
        ([models.Index(fields=["code", "id"], name="i")], [], True),
        ([models.Index(fields=["-code", "-id", "serial"], name="i")], [], True),
        ([models.Index(fields=["code", "-id"], name="i")], [], False),
        ([models.Index(fields=["code"], name="i")], [], False),
        ([models.Index(fields=["id", "code"], name="i")], [], False),
        ([models.Index(fields=["code", "id"], name="i", condition=models.Q(code="x"))], [], False),
        ([], [models.UniqueConstraint(fields=["code"], name="c")], True),
        ([], [models.UniqueConstraint(fields=["code"], name="c", condition=models.Q(serial=1))], False),
        ([], [models.UniqueConstraint(fields=["serial", "code"], name="c")], False),
    ],
)
def test_an_ordering_needs_an_index(serve: Serve, indexes: Any, constraints: Any, is_indexed: bool) -> None:
    serve(indexed(indexes, constraints))
    assert found(checks.check_costs(None)) == ([] if is_indexed else [("itemsvc.W014", "Listing")])


def test_nothing_is_wrong_with_the_service_itself(settings: Any) -> None:
    settings.ROOT_URLCONF = "itemsvc.urls"
    assert checks.check_views(None) == checks.check_costs(None) == []
