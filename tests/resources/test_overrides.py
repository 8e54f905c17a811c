"""What a team overrides in a view, a serializer or the URLconf is honoured at every door."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db.models import Count, Model
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from rest_framework.exceptions import ValidationError
from rest_framework.fields import IntegerField
from rest_framework.filters import SearchFilter
from rest_framework.pagination import CursorPagination, LimitOffsetPagination, PageNumberPagination
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response

from itemsvc.auth.authentication import HasScope
from itemsvc.resources.generics import rows_of
from itemsvc.resources.pagination import KeysetPagination
from itemsvc.resources.plan.validation import Validation
from itemsvc.resources.serializers import BulkSerializer
from tests.resources import readings
from tests.resources.readings import ReadingSerializer
from tests.sample.models import Customer, Gadget, Line, Order, Reading
from tests.sample.serializers import GadgetSerializer, OrderSerializer
from tests.sample.urls import urlpatterns as sample_urls
from tests.sample.views import GadgetDetail, GadgetList, OrderDetail, OrderList
from tests.support.ways import Way, ask, every_way

#: Django's handler reads the names of the static files when it is made.
pytestmark = pytest.mark.usefixtures("static_files")


class Nobody:
    """A filter back end that shows no rows."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        return queryset.none()


class Saved:
    """Writes itself, among rows that are counted, so that the statement that reads them can lock none."""

    queryset = Gadget.objects.annotate(count=Count("pk"))

    def perform_update(self, serializer: Any) -> None:
        serializer.save()


class Enveloped(KeysetPagination):
    """Pages in an object."""

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data})


class Short(GadgetSerializer):
    """Shows the description only to who asks for it."""

    def get_fields(self) -> Any:
        fields = super().get_fields()
        if "request" in self.context and "all" not in self.context["request"].query_params:
            del fields["description"]
        return fields


class Careful(GadgetSerializer):
    """Refuses a gadget by who asks, and a change by what was there."""

    def validate(self, attrs: Any) -> Any:
        request = self.context.get("request")
        if request and "refused" in request.headers:
            raise ValidationError("refused")
        if self.instance and self.instance.description == "sealed":
            raise ValidationError("sealed")
        return attrs


class Cleaned(GadgetSerializer):
    """Refuses what its model refuses."""

    def create(self, validated_data: Any) -> Gadget:
        Gadget(**validated_data | {"name": "x" * 256}).full_clean()
        return super().create(validated_data)


class Remembering(GadgetSerializer):
    """Keeps what one of its methods has found for another."""

    def validate_name(self, name: str) -> str:
        self.found = name
        return name

    def validate(self, attrs: Any) -> Any:
        return attrs | {"description": getattr(self, "found", "nothing")}


class Unlike(GadgetSerializer):
    """Refuses a name that the array before it has."""

    def validate_name(self, name: str) -> str:
        if self.parent is None or name in vars(self).setdefault("names", []):
            raise ValidationError("again")
        self.names.append(name)
        return name


class AtMostTwo(BulkSerializer):
    """An array that a team has made smaller."""

    def validate(self, attrs: Any) -> Any:
        if len(attrs) > 2:
            raise ValidationError("too many")
        return attrs


class Few(GadgetSerializer):
    """Comes in such arrays."""

    class Meta(GadgetSerializer.Meta):
        list_serializer_class = AtMostTwo


class Counted(GadgetSerializer):
    """Shows what only the view's queryset has."""

    count = IntegerField(read_only=True)

    class Meta(GadgetSerializer.Meta):
        fields = (*GadgetSerializer.Meta.fields, "count")


class Written(OrderSerializer):
    """Its columns are written, and only the key is shown."""

    class Meta:
        model = Order
        fields = ("id", "customer", "total", "placed_on")
        extra_kwargs: ClassVar[dict[str, Any]] = {name: {"write_only": True} for name in fields[1:]}


class Filled(OrderSerializer):
    """Its lines by their keys, which are columns of other rows."""

    class Meta:
        model = Order
        fields = ("id", "total", "lines")


class Picky(Written):
    """Looks at the customer."""

    def validate_customer(self, customer: Customer) -> Customer:
        if customer.name == "Bob":
            raise ValidationError("not Bob")
        return customer


def closed(view: Any) -> Any:
    """A decorator of a team's."""

    @wraps(view)
    def answer(request: Any, *args: Any, **kwargs: Any) -> Any:
        return HttpResponse(status=403) if "open" not in request.headers else view(request, *args, **kwargs)

    return answer


def by(name: str) -> Any:
    """DRF's pages of two, by this column."""
    return type("By", (CursorPagination,), {"ordering": f"-{name}", "page_size": 2})


def listed(name: str, **members: Any) -> Any:
    """A list of gadgets with members of its own, and its detail view."""
    return [
        path(name, type("View", (GadgetList,), members).as_view()),
        path(f"{name}/<uuid:pk>", type("View", (GadgetDetail,), members).as_view()),
    ]


BACKENDS = (*GadgetList.filter_backends, type("Search", (SearchFilter,), {"search_param": "q"}))
urlpatterns = [
    *sample_urls,
    *listed("read-only", http_method_names=["get", "head", "options"]),
    *listed("scoped", permission_classes=(HasScope,)),
    *listed("short", serializer_class=Short),
    *listed("careful", serializer_class=Careful),
    *listed("counted", queryset=Saved.queryset, serializer_class=Counted),
    path("named", GadgetList.as_view()),
    path("named/<slug:name>", type("View", (GadgetDetail,), {"lookup_field": "name"}).as_view()),
    path("numbered", GadgetList.as_view(pagination_class=type("Two", (PageNumberPagination,), {"page_size": 2}))),
    path("cut", GadgetList.as_view(pagination_class=LimitOffsetPagination)),
    *(path(f"cursors/{name}", GadgetList.as_view(pagination_class=by(name))) for name in ("id", "created_at")),
    *listed("cleaned", serializer_class=Cleaned),
    path("enveloped", GadgetList.as_view(pagination_class=Enveloped)),
    path("whole", GadgetList.as_view(pagination_class=None)),
    path("sought", type("View", (GadgetList,), {"filter_backends": BACKENDS, "search_fields": ["name"]}).as_view()),
    *listed("locking", queryset=Gadget.objects.select_for_update()),
    *listed("empty", queryset=Gadget.objects.none()),
    path("nobodys", type("View", (GadgetList,), {"queryset": Gadget.objects.filter(pk__in=[])}).as_view()),
    path("saved/<uuid:pk>", type("View", (Saved, GadgetDetail), {}).as_view()),
    path("given", GadgetList.as_view(permission_classes=[IsAdminUser])),
    path("inside", method_decorator(closed, name="get")(type("View", (GadgetList,), {})).as_view()),
    path("decorated", closed(GadgetList.as_view())),
    path("filtered/<uuid:pk>", type("View", (GadgetDetail,), {"filter_backends": (Nobody,)}).as_view()),
    path("written", type("View", (OrderList,), {"serializer_class": Written}).as_view()),
    path("filled/<uuid:pk>", OrderDetail.as_view(serializer_class=Filled)),
    path("picky", type("View", (OrderList,), {"serializer_class": Picky}).as_view()),
    path("alone", GadgetList.as_view()),
    path("unlike", type("View", (GadgetList,), {"serializer_class": Unlike}).as_view()),
    path("few", type("View", (GadgetList,), {"serializer_class": Few}).as_view()),
    path("twice", GadgetList.as_view(permission_classes=[IsAdminUser])),
    path("twice", GadgetList.as_view()),
    path("slashed/", GadgetList.as_view()),
    path("slashed/<uuid:pk>/", GadgetDetail.as_view()),
    path("default", GadgetList.as_view(), {"more": "1"}),
]

LAMP = b'{"name":"lamp"}'
CASES: list[tuple[int, str, str, dict[str, str]]] = [
    (405, "POST", "/read-only", {}), (405, "PUT", "/read-only/{}", {}), (405, "DELETE", "/read-only/{}", {}),
    (403, "GET", "/scoped", {}), (403, "DELETE", "/scoped/{}", {}), (403, "GET", "/given", {}),
    (403, "POST", "/given", {}), (403, "GET", "/decorated", {}), (200, "GET", "/decorated", {"HTTP_OPEN": "1"}),
    (403, "GET", "/inside", {}), (200, "GET", "/inside", {"HTTP_OPEN": "1"}),
    (404, "GET", "/filtered/{}", {}), (404, "PATCH", "/filtered/{}", {}), (404, "DELETE", "/filtered/{}", {}),
    (201, "POST", "/alone", {}), (201, "POST", "/named", {}), (403, "GET", "/twice", {}), (200, "GET", "/default", {}),
    (200, "GET", "/slashed/", {}), (200, "PATCH", "/slashed/{}/", {}),
    (200, "GET", "/short", {}), (200, "GET", "/short/{}?all=1", {}),
    (201, "POST", "/careful", {}), (400, "POST", "/careful", {"HTTP_REFUSED": "1"}),
    (400, "PUT", "/careful/{}", {}), (400, "PATCH", "/careful/{}", {}),
    (400, "POST", "/cleaned", {}), (400, "GET", "/cursors/id?cursor=cD1nYXJiYWdl", {}),
    (400, "GET", "/cursors/created_at?cursor=cD1nYXJiYWdl", {}),
    (404, "GET", "/empty/{}", {}), (404, "PATCH", "/empty/{}", {}), (404, "DELETE", "/empty/{}", {}),
    (201, "POST", "/locking", {}), (200, "PUT", "/saved/{}", {}),
    (200, "PATCH", "/saved/{}", {"HTTP_IF_MATCH": '"1-0123456789abcdef"'}),
    (412, "PATCH", "/saved/{}", {"HTTP_IF_MATCH": '"2-0123456789abcdef"'}),
]  # fmt: skip


def test_a_model_that_reads_in_its_own_way_is_not_read_as_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    serializer = type("Own", (GadgetSerializer,), {})
    assert rows_of(serializer)
    from_db = classmethod(Model.from_db.__func__)  # type: ignore[attr-defined]
    monkeypatch.setattr(Gadget, "from_db", from_db, raising=False)
    assert rows_of(type("Another", (GadgetSerializer,), {})) is None


@pytest.fixture
def ways(transactional_db: None) -> dict[str, Way]:
    """The three ways."""
    return every_way()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("status", "method", "where", "headers"), CASES)
def test_an_override_is_honoured_at_every_door(
    ways: dict[str, Way], status: int, method: str, where: str, headers: dict[str, str]
) -> None:
    for name, way in ways.items():
        gadget = Gadget.objects.create(name="torch", description="sealed")
        body = LAMP if method in ("POST", "PUT", "PATCH") else b""
        answered = ask(way, method, where.format(gadget.pk), body, **headers)
        assert answered[0] == status, name
        assert ("Location" in answered[1]) == (status == 201 and where not in ("/alone", "/named")), name
        assert (b"description" in answered[2]) == (status < 300 and where != "/short"), name


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("/numbered", ["c", "b"]), ("/numbered?page=2", ["a"]), ("/numbered?name=b", ["b"]),
        ("/cut?limit=1&offset=1", ["b"]), ("/whole", ["c", "b", "a"]), ("/whole?name=a", ["a"]),
        ("/enveloped?limit=2", ["c", "b"]), ("/sought?q=b", ["b"]), ("/sought?q=b&limit=1&name=a", []),
        ("/empty", []), ("/nobodys", []),
    ],
)  # fmt: skip
def test_pages_and_filters_of_drf_work_as_drf_has_them(ways: dict[str, Way], where: str, expected: list[str]) -> None:
    for name in "abc":
        Gadget.objects.create(name=name)
    for way, application in ways.items():
        status, _, body, _ = ask(application, "GET", where)
        assert status == 200, (way, body)
        page = json.loads(body)
        assert [each["name"] for each in (page if isinstance(page, list) else page["results"])] == expected, way


@pytest.mark.urls(__name__)
def test_a_url_that_ends_in_a_slash_keeps_it(ways: dict[str, Way]) -> None:
    for name in "ab":
        Gadget.objects.create(name=name)
    for way, application in ways.items():
        assert "http://testserver/slashed/?cursor=" in ask(application, "GET", "/slashed/?limit=1")[1]["Link"], way


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_a_row_shows_what_its_queryset_adds(ways: dict[str, Way], method: str) -> None:
    gadget = Gadget.objects.create(name="torch")
    for name, way in ways.items():
        row = json.loads(ask(way, method, f"/counted/{gadget.pk}", LAMP)[2])
        assert (row["name"], row.get("count")) == ("torch" if method == "GET" else "lamp", 1), name


@pytest.mark.urls(__name__)
def test_a_change_of_other_rows_is_a_change_of_this_one(ways: dict[str, Way]) -> None:
    customer = Customer.objects.create(name="Ann", email="ann@example.com")
    for name, way in ways.items():
        orders = [Order.objects.create(customer=customer, total=1, placed_on=date(2026, 1, 31)) for _ in range(2)]
        line = Line.objects.create(order=orders[0], product="nail")
        path = f"/filled/{orders[1].pk}"
        status, headers, body, _ = ask(way, "PATCH", path, json.dumps({"lines": [line.pk]}).encode())
        assert (status, json.loads(body)["lines"]) == (200, [line.pk]), name
        assert ask(way, "GET", path)[1]["ETag"] == headers["ETag"], name


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("where", ["/written", "/picky"])
def test_a_foreign_key_refers_to_a_row_at_every_door(ways: dict[str, Way], where: str) -> None:
    ann, bob = (Customer.objects.create(name=name, email=f"{name}@example.com") for name in ("Ann", "Bob"))
    for name, way in ways.items():
        answers = []
        for key in (ann.pk, bob.pk, UUID(int=0), 5, None):
            body = json.dumps({"customer": key and str(key), "total": "1.00", "placed_on": "2026-01-31"})
            status, _, content, _ = ask(way, "POST", where, body.encode())
            answers.append((status, content if status == 400 else b""))
        assert [status for status, _ in answers] == [201, 201 if where == "/written" else 400, 400, 400, 400], name
        assert b"object does not exist" in answers[2][1]


def test_what_a_serializer_keeps_is_no_other_requests() -> None:
    validation = Validation(Remembering, partial=True)
    found = [value["description"] for each in ({"name": "lamp"}, {}) for value in validation.values([each])]
    assert found == ["lamp", "nothing"]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("where", ["/unlike", "/few"])
def test_what_a_team_says_of_an_array_is_asked_at_every_door(ways: dict[str, Way], where: str) -> None:
    for name, way in ways.items():
        for expected, names in ((201, ["a", "b"]), (400, ["a", "b", "b"]), (201, ["a", "b"])):
            body = json.dumps([{"name": each} for each in names]).encode()
            assert ask(way, "POST", where, body)[0] == expected, (name, names)
    assert Gadget.objects.count() == 4 * len(ways)


@pytest.mark.urls(__name__)
def test_rows_of_an_array_may_have_other_members_each(ways: dict[str, Way]) -> None:
    body = b'[{"name":"a","description":"x"},{"description":"y","name":"b"},{"name":"c"}]'
    for name, way in ways.items():
        rows = json.loads(ask(way, "POST", "/alone", body)[2])
        assert [(row["name"], row["description"]) for row in rows] == [("a", "x"), ("b", "y"), ("c", "")], name


@pytest.mark.urls(readings.__name__)
@pytest.mark.parametrize("line", [None, 1, 1.0, "1", True, 999, -1, 2**63, 2**70])
def test_a_foreign_key_that_is_a_number_refers_to_a_row_at_every_door(ways: dict[str, Way], line: Any) -> None:
    customer = Customer.objects.create(name="Ann", email="ann@example.com")
    order = Order.objects.create(customer=customer, total=1, placed_on=date(2026, 1, 31))
    Line.objects.create(pk=1, order=order, product="nail")
    reading = Reading.objects.create()
    body = json.dumps({"line": line}).encode()
    answers = [ask(way, "PATCH", f"/readings/{reading.pk}", body)[::2] for way in every_way().values()]
    assert answers == answers[:1] * len(answers)
    assert answers[0][0] == (200 if line in (None, 1) and line is not True else 400)


def test_a_foreign_key_that_is_a_number_is_left_to_the_database(
    db: None, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(0):
        assert Validation(ReadingSerializer, partial=True).values([{"line": 999}]) == [{"line": 999}]


def test_a_foreign_key_is_left_to_the_database_unless_a_team_looks_at_its_row(db: None) -> None:
    body = {"customer": str(UUID(int=0)), "total": "1.00", "placed_on": "2026-01-31"}
    [values] = Validation(Written).values([body])
    assert values["customer"] == UUID(int=0)
    assert Validation(Picky).values([body]) == []
