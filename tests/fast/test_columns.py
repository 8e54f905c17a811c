"""Columns of each kind: the fast path and DRF's path give the same bytes and headers."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.relations import PrimaryKeyRelatedField
from rest_framework.renderers import JSONRenderer

from itemsvc.fast.dispatch import FastPath
from itemsvc.http.handler import Handler
from itemsvc.resources.fields import UUIDField
from itemsvc.resources.plan.validation import Validation
from itemsvc.resources.row_json import Rows
from tests.resources.readings import ReadingList, ReadingSerializer
from tests.sample.models import Customer, Line, Order, Reading
from tests.sample.serializers import OrderSerializer
from tests.sample.views import LineList, OrderList
from tests.support.ways import ask, drf_path, front_door

#: Django's handler reads the names of the static files when it is made.
pytestmark = pytest.mark.usefixtures("static_files")

LEFT = 599
KEY = uuid.UUID(int=7)

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from('\u2028\u2029"\\/\x7f\b\n'),
    max_size=20,
)
LONG = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1e-3, 1e-3) | st.sampled_from([1e16, 1e-4, -0.0])
JSON = st.recursive(
    st.none() | st.booleans() | LONG | st.integers(-(2**200), 2**200) | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
READINGS = st.fixed_dictionaries(
    {"serial": LONG, "grade": st.sampled_from(Reading.Grade), "line_id": st.sampled_from([700, None])},
    optional={
        "count": LONG,
        "weight": FLOATS,
        "ratio": st.decimals(-(10**9), 10**9, places=10),
        "starts_at": st.times(),
        "taken_at": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
        "checked_on": st.dates(),
        "passed": st.booleans(),
        "batch": st.uuids(),
        "contact": TEXT,
        "site": TEXT,
        "slug": TEXT,
        "raw": JSON,
        "counts": st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=3),
        "days": st.lists(st.none() | st.dates(), max_size=3),
        "keys": st.just([]) | st.lists(st.lists(st.uuids(), min_size=1, max_size=1), max_size=2),
        "priority": st.integers(-(2**15), 2**15 - 1),
    },
)
ORDERS = st.fixed_dictionaries(
    {
        "total": st.decimals(-99_999_999, 99_999_999, places=2),
        "placed_on": st.dates(),
        "status": st.sampled_from(Order.Status),
        "gift": st.booleans(),
        "tags": st.lists(TEXT, max_size=10),
        "details": JSON.filter(lambda value: value is not None),
    }
)

Answer = tuple[int, dict[str, str], bytes]


class Ways:
    """The service's application with the fast path alone, and without it."""

    def __init__(self) -> None:
        self.drf, self.both = drf_path(), front_door()
        self.fast = FastPath(Handler(), lambda environ, start_response: start_response(f"{LEFT} left", []) or (b"",))

    def ask(self, way: Any, method: str, path: str, body: Any = None, **more: str) -> Answer:
        """The status, the headers and the body."""
        return ask(way, method, path, b"" if body is None else json.dumps(body).encode(), **more)[:3]

    def same(self, path: str) -> Answer:
        """The answer of the fast path, which is DRF's answer too."""
        fast = self.ask(self.fast, "GET", path)
        assert fast[0] == 200, path
        drf = self.ask(self.drf, "GET", path)
        assert fast[2].decode() == drf[2].decode()
        assert fast == drf
        return fast


@pytest.fixture
def ways(transactional_db: None, settings: Any) -> Ways:
    settings.ROOT_URLCONF = "tests.resources.readings"
    customer = Customer.objects.create(id=KEY, name="Ann", email="ann@example.org")
    order = Order.objects.create(id=KEY, customer=customer, total=1, placed_on="2026-01-31")
    Line.objects.create(id=700, order=order, product="nail")
    return Ways()


def check(ways: Ways, path: str, made: list[Any]) -> None:
    """Each row, a page and a stream of them are the same bytes on either path, which are those of the serializer."""
    singles = [ways.same(f"{path}/{each.id}")[2] for each in reversed(made)]
    query = "?ordering=-created_at"
    page = b"[" + b",".join(singles) + b"]"
    assert ways.same(path + query)[2] == page
    lines = ways.ask(ways.drf, "GET", path + query, HTTP_ACCEPT="application/x-ndjson")[2]
    assert lines == b"".join(each + b"\n" for each in singles)


@pytest.mark.slow
@run(max_examples=60)
@given(values=st.lists(READINGS, min_size=1, max_size=3))
def test_readings_are_the_same_on_either_path(ways: Ways, values: list[dict[str, Any]]) -> None:
    Reading.objects.all().delete()
    check(ways, "/readings", [Reading.objects.create(**each) for each in values])


@pytest.mark.slow
@run(max_examples=40)
@given(values=st.lists(ORDERS, min_size=1, max_size=3))
def test_orders_are_the_same_on_either_path(ways: Ways, values: list[dict[str, Any]]) -> None:
    Order.objects.all().delete()
    check(ways, "/sample/orders", [Order.objects.create(customer_id=KEY, **each) for each in values])


def sent(values: dict[str, Any]) -> dict[str, Any]:
    """The values as a client sends them; without the texts, which are no addresses."""
    texts = ("contact", "site", "slug")
    known = {"id": KEY, "created_at": None, "priority": None} | values | dict.fromkeys(texts)
    body: dict[str, Any] = json.loads(JSONRenderer().render(ReadingSerializer(Reading(**known)).data))
    return {name: value for name, value in body.items() if "priority" in values or name != "priority"}


@run(max_examples=60)
@given(values=READINGS)
def test_what_is_made_is_the_same_on_either_path(ways: Ways, values: dict[str, Any]) -> None:
    body = sent(values)
    fast, drf = ways.ask(ways.both, "POST", "/readings", body), ways.ask(ways.drf, "POST", "/readings", body)
    assert (fast[0], fast[1].keys()) == (drf[0], drf[1].keys())
    made, again = json.loads(fast[2]), json.loads(drf[2])
    if fast[0] == 201:
        assert ways.ask(ways.drf, "GET", f"/readings/{made['id']}")[2] == fast[2]
        made |= {name: again[name] for name in ("id", "created_at")}
    assert json.dumps(made) == json.dumps(again)


def test_rows_of_each_kind_are_made_on_the_fast_path(ways: Ways) -> None:
    order = {"customer": str(KEY), "total": "12.50", "placed_on": "2026-01-31", "details": {"a": [None]}}
    for path, body in (
        ("/sample/orders", order),
        ("/sample/lines", {"order": str(KEY), "product": "nail"}),
        ("/readings", {"line": 700, "counts": [], "keys": [], "raw": None}),
        ("/readings", {"priority": 5}),
    ):
        status, _, content = ways.ask(ways.fast, "POST", path, body)
        assert status == 201
        assert {name: json.loads(content)[name] for name in body} == body


#: By resource and member, values that it cannot have.
REFUSED: dict[str, dict[str, tuple[Any, ...]]] = {
    "/sample/lines": {"order": (str(uuid.UUID(int=8)),)},
    "/sample/orders": {"customer": (str(uuid.UUID(int=8)),)},
    "/readings": {
        "serial": (2**63,),
        "raw": ("\0",),
        "count": ("1", 1.5, True),
        "priority": ("1", 1.5),
        "grade": ("1", 1.0, True),
        "line": (8000, 2**70, True, "1", 1.0),
        "weight": ("1", True),
        "ratio": ("1", True),
        "passed": ("true", 1),
        "slug": (5, True),
        "site": (5,),
        "contact": (5,),
        "counts": (["1"], [1.5], "1"),
        "days": ([20260102], ["Jan 2 2026"]),
        "checked_on": ("Jan 2 2026", 20260102),
        "taken_at": (1767312000, "Jan 2 2026"),
        "batch": (5,),
        "starts_at": (12,),
        "keys": ([[5]],),
    },
}
OTHER_MEMBERS: dict[str, dict[str, Any]] = {
    "/sample/lines": {"product": "nail"},
    "/sample/orders": {"total": "1.00", "placed_on": "2026-01-31"},
    "/readings": {},
}


@pytest.mark.parametrize("path", REFUSED)
def test_a_value_that_the_database_would_refuse_is_named(ways: Ways, path: str) -> None:
    for name, values in REFUSED[path].items():
        for value in values:
            body = OTHER_MEMBERS[path] | {name: value}
            fast, drf = ways.ask(ways.both, "POST", path, body), ways.ask(ways.drf, "POST", path, body)
            assert fast == drf, body
            assert fast[0] == 400, body
            assert list(json.loads(fast[2])) == [name]


class Checked(OrderSerializer):
    def validate(self, attrs: Any) -> Any:
        return attrs


class CheckedCustomer(OrderSerializer):
    def validate_customer(self, value: Any) -> Any:
        return value


class Narrowed(OrderSerializer):
    customer = PrimaryKeyRelatedField(queryset=Customer.objects.filter(name="Ann"), pk_field=UUIDField())


@pytest.mark.parametrize("serializer", [Checked, CheckedCustomer, Narrowed])
def test_a_row_that_a_serializer_could_look_at_is_read(serializer: type[OrderSerializer]) -> None:
    field = Validation(serializer)._serializer.fields["customer"]
    assert field.to_internal_value.__func__ is PrimaryKeyRelatedField.to_internal_value


@pytest.mark.parametrize("wrong", [{"weight": math.nan}, {"weight": math.inf}])
def test_a_number_that_json_cannot_have_is_an_error_on_either_path(ways: Ways, wrong: dict[str, Any]) -> None:
    made = Reading.objects.create(**wrong)
    for path in ("/readings", f"/readings/{made.id}"):
        assert ways.ask(ways.both, "GET", path) == ways.ask(ways.drf, "GET", path)
        assert ways.ask(ways.both, "GET", path)[0] == 500


OTHERS: list[Any] = [
    serializers.DecimalField(10, 3, source="total"),
    serializers.DecimalField(9, 2, source="total"),
    serializers.DecimalField(10, 2, source="total", normalize_output=True),
    serializers.DecimalField(10, 2, source="total", localize=True),
    serializers.FloatField(source="total"),
    serializers.DateField(source="placed_on", format="%d.%m.%Y"),
    serializers.DateField(source="placed_on", format=None),
    serializers.ChoiceField([1, 2], source="status"),
    serializers.CharField(source="customer"),
    serializers.SlugRelatedField("name", source="customer", read_only=True),
    serializers.PrimaryKeyRelatedField(source="customer", read_only=True, pk_field=serializers.UUIDField(format="hex")),
    serializers.PrimaryKeyRelatedField(source="lines", read_only=True, many=True),
    serializers.JSONField(source="details", binary=True),
    serializers.ListField(source="tags", child=serializers.FloatField()),
    serializers.ListField(source="tags"),
    serializers.ReadOnlyField(source="customer.name"),
]


@pytest.mark.parametrize("field", OTHERS, ids=repr)
def test_a_field_that_shows_more_than_its_column_is_left_to_the_serializer(field: serializers.Field) -> None:
    class Own(OrderSerializer):
        own = field

        class Meta(OrderSerializer.Meta):
            fields = ("id", "own")

    assert Rows.of(Own) is None


class Chosen(OrderSerializer):
    def get_fields(self) -> Any:
        return {"id": super().get_fields()["id"]}


class Listed(OrderSerializer):
    class Meta(OrderSerializer.Meta):
        list_serializer_class = type("Many", (serializers.ListSerializer,), {"to_representation": lambda *words: []})


@pytest.mark.parametrize("serializer", [Chosen, Listed])
def test_a_serializer_that_represents_its_objects_has_no_rows(serializer: type) -> None:
    assert Rows.of(serializer) is None
    assert Rows.of(OrderSerializer)


QUERIES = [
    ("/sample/orders", f"customer={KEY}&status=paid"),
    ("/sample/orders", "total=7.250"),
    ("/sample/orders", "total=-99999999999"),
    ("/sample/orders", "placed_on=2026-01-02&gift=true"),
    ("/sample/orders", "gift=false&created_after=2026-01-01T00:00:00Z&created_before=9999-12-31T23:59:59Z"),
    ("/sample/lines", f"order={KEY}&quantity=1"),
    ("/sample/vouchers", "code=A"),
    ("/readings", "line=700&grade=2&passed=false"),
    ("/readings", "count=-9223372036854775807"),
    ("/readings", "weight=0.5&starts_at=12:00:00"),
    ("/readings", f"batch={KEY}&taken_at=2026-01-31T12:00:00.000001%2B01:00"),
    ("/good-readings", ""),
    ("/good-readings", "line=700&slug=a"),
]
DIFFERENT = [
    ("/sample/orders", "status=lost"),
    ("/sample/orders", "total=1e3"),
    ("/sample/orders", "gift=yes"),
    ("/sample/orders", "ordering=gift"),
    ("/sample/lines", "quantity=9223372036854775807"),
    ("/readings", "batch=7"),
]


@pytest.fixture
def rows(ways: Ways) -> Ways:
    """Rows that differ in each column, some of them equal in the columns that pages are sorted by."""
    for number in range(6):
        Order.objects.create(
            customer_id=KEY, total=Decimal(number // 2) + Decimal("5.25"), placed_on=date(2026, 1, 1 + number // 2),
            status=[*Order.Status][number % 3], gift=number % 2, details={"b": number, "a": [number / 3]},
        )  # fmt: skip
        Line.objects.create(order_id=KEY, product=f"nail {number // 2}", quantity=number)
        Reading.objects.create(
            line_id=700, serial=number // 2, grade=1 + number % 2, passed=bool(number % 3), weight=0.5, slug="a",
            count=1 - 2**63, starts_at="12:00", batch=KEY, taken_at="2026-01-31T11:00:00.000001Z",
        )  # fmt: skip
    return ways


def test_filters_of_each_kind_are_the_same_on_either_path(rows: Ways) -> None:
    for path, query in QUERIES:
        for _ in range(2):  # The second answer is by the statement that is kept.
            rows.same(f"{path}?{query}")
    for path, query in DIFFERENT:
        assert rows.ask(rows.fast, "GET", f"{path}?{query}")[0] == LEFT
        assert rows.ask(rows.both, "GET", f"{path}?{query}") == rows.ask(rows.drf, "GET", f"{path}?{query}")


ORDERINGS = [
    *(("/sample/orders", name) for name in OrderList.orderings),
    *(("/sample/lines", name) for name in LineList.orderings),
    *(("/readings", name) for name in ReadingList.orderings),
    *(("/good-readings", name) for name in ReadingList.orderings),
]


def test_pages_in_each_order_are_the_same_on_either_path(rows: Ways) -> None:
    for path, ordering in ORDERINGS:
        address = f"{path}?limit=2&ordering={ordering}"
        for relation in ("next", "next", "prev", "prev"):
            links = requests.utils.parse_header_links(rows.same(address)[1].get("Link", ""))
            following = [link["url"] for link in links if link["rel"] == relation]
            address = following[0].removeprefix("http://testserver") if following else address
