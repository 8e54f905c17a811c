"""What each kind of field takes, answers and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import serializers

from itemsvc.resources import fields
from tests.resources.shapes import SHAPES, Post
from tests.support.client import Client

JSON = "application/json"
ORDER, LINE = SHAPES["/sample/orders"], SHAPES["/sample/lines"]
DEEP: Any = 0
for _ in range(fields.MAX_NESTING):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total", "0"),
        ("total", "99999999.99"),
        ("total", "-99999999.99"),
        ("tags", ["x" * 20] * 10),
        ("details", []),
        ("details", ""),
        ("details", 0),
        ("details", False),
        ("details", {"": {"": None}}),
        ("details", DEEP[0]),
        ("details", 2**100),
        ("placed_on", "9999-12-31"),
        ("status", "sent"),
    ],
)
def test_an_extreme_value_comes_back_as_it_was(api: Client, post: Post, name: str, value: Any) -> None:
    body = ORDER.make_body(post) | {name: value}
    made = post(ORDER.path, body)
    assert made[name] == ("0.00" if value == "0" else value)
    assert api.get(f"{ORDER.path}/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customer", "not a key"),
        ("customer", 5),
        ("customer", None),
        ("customer", "00000000-0000-0000-0000-000000000000"),
        ("customer", "00000000000000000000000000000000"),
        ("status", "lost"),
        ("status", ""),
        ("status", None),
        ("status", ["open"]),
        ("total", 12.5),
        ("total", 12),
        ("total", True),
        ("total", ""),
        ("total", "1e3"),
        ("total", " 5"),
        ("total", "0.005"),
        ("total", "100000000.00"),
        ("total", "NaN"),
        ("total", "\N{ARABIC-INDIC DIGIT FIVE}"),
        ("placed_on", "20260131"),
        ("placed_on", "2026-W05-6"),
        ("placed_on", "2026-02-30"),
        ("placed_on", "2026-01-31T00:00:00Z"),
        ("placed_on", 20260131),
        ("gift", "yes"),
        ("gift", 1),
        ("gift", None),
        ("tags", "a"),
        ("tags", ["a"] * 11),
        ("tags", {"0": "a"}),
        ("details", None),
        ("details", {"a": "\0"}),
        ("details", {"\0": 1}),
        ("details", ["\ud800"]),
        ("details", DEEP),
        ("id_", 1),
    ],
)
def test_a_wrong_value_is_refused_by_name(api: Client, post: Post, name: str, value: Any) -> None:
    order = ORDER.make(post)
    response = api.patch(f"{ORDER.path}/{order['id']}", {name: value}, content_type=JSON)
    assert (response.status_code, list(response.json())) == (400, [name])
    assert api.get(f"{ORDER.path}/{order['id']}").json() == order


@pytest.mark.parametrize("value", ["4", True, 1.5, -1, 32768, 10**400, None, [1]])
def test_a_wrong_number_is_refused(api: Client, post: Post, value: Any) -> None:
    response = api.post(LINE.path, LINE.make_body(post) | {"quantity": value})
    assert (response.status_code, list(response.json())) == (400, ["quantity"])


KEY = "0197b4a0-0000-7000-8000-000000000000"


def test_a_number_too_large_for_a_float_is_refused_within_json(api: Client, post: Post) -> None:
    order = ORDER.make(post)
    response = api.patch(f"{ORDER.path}/{order['id']}", '{"details": [1e999]}', content_type=JSON)
    assert (response.status_code, list(response.json())) == (400, ["detail"])


@pytest.mark.urls("tests.resources.readings")
def test_arrays_in_an_array_have_one_length(api: Client) -> None:
    response = api.post("/readings", {"keys": [[KEY], [KEY, KEY]]})
    assert (response.status_code, response.json()) == (400, {"keys": ["Nested arrays must have the same length."]})
    assert api.post("/readings", {"keys": [[KEY], [KEY]]}).json()["keys"] == [[KEY], [KEY]]


NO_OBJECT = "Invalid data. Expected a dictionary, but got int."


@pytest.mark.parametrize(
    ("path", "changes", "problems"),
    [
        (
            "/sample/orders",
            {"tags": ["x" * 21, "ok", "", 1, None]},
            {
                "tags": {
                    "0": ["Ensure this field has no more than 20 characters."],
                    "2": ["This field may not be blank."],
                    "3": ["Not a valid string."],
                    "4": ["This field may not be null."],
                }
            },
        ),
        (
            "/sample/orders",
            {"tags": [1] * 300},
            {
                "tags": {str(index): ["Not a valid string."] for index in range(20)}
                | {"non_field_errors": ["280 more were not checked."]}
            },
        ),
        (
            "/sample/receipts",
            {"lines": [{"product": "a"}, {"product": "a", "quantity": -1, "colour": "red"}, 5]},
            {
                "lines": {
                    "1": {"colour": ["Unknown field."]},
                    "2": {"non_field_errors": [NO_OBJECT]},
                }
            },
        ),
        (
            "/sample/receipts",
            {"lines": [5] * 22},
            {
                "lines": {str(index): {"non_field_errors": [NO_OBJECT]} for index in range(20)}
                | {"non_field_errors": ["2 more were not checked."]}
            },
        ),
        (
            "/sample/receipts",
            {"lines": {}},
            {"lines": {"non_field_errors": ['Expected a list of items but got type "dict".']}},
        ),
    ],
)
def test_an_error_within_a_member_says_where(api: Client, post: Post, path: str, changes: Any, problems: Any) -> None:
    body = SHAPES[path].make_body(post) | changes
    for sent, answer in ((body, problems), ([body], {"0": problems})):
        response = api.post(path, sent)
        assert (response.status_code, response.json()) == (400, answer)


class Form(serializers.Serializer):
    """A field of each kind that a form can only send as text."""

    gift = fields.BooleanField()
    count = fields.IntegerField()
    weight = fields.FloatField()
    total = fields.DecimalField(max_digits=5, decimal_places=2)


def test_a_form_sends_texts(rf: Any) -> None:
    request = rf.post("/", {"gift": "true", "count": "4", "weight": "1.5", "total": "12.50"})
    serializer = Form(data=request.POST)
    assert serializer.is_valid(), serializer.errors
    assert [str(value) for value in serializer.validated_data.values()] == ["True", "4", "1.5", "12.50"]


@pytest.mark.parametrize(
    ("field", "value", "taken"),
    [
        (fields.DateTimeField(), "2026-01-31T12:00:00+01:00", True),
        (fields.DateTimeField(), "2026-01-31t12:00:00z", True),
        (fields.DateTimeField(), "2026-01-31T12:00:00", False),
        (fields.DateTimeField(), "2026-01-31", False),
        (fields.DateTimeField(input_formats=["%Y"]), "2026", True),
        (fields.DateField(input_formats=["%Y"]), "2026", True),
        (fields.DecimalField(5, 2, coerce_to_string=False), 12.5, True),
        (fields.DecimalField(5, 2, coerce_to_string=False), "12.5", False),
        (fields.DecimalField(5, 2, coerce_to_string=False), True, False),
        (fields.FloatField(), 1, True),
        (fields.FloatField(), "1", False),
        (fields.FloatField(), True, False),
        (fields.IntegerField(), 2.0, True),
        (fields.UUIDField(), "0123ABCD-0123-0123-0123-0123456789AB", True),
        (fields.UUIDField(), 5, False),
        (fields.JSONField(allow_null=True), None, True),
    ],
)
def test_a_field_takes_one_spelling(field: serializers.Field, value: Any, taken: bool) -> None:
    try:
        field.run_validation(value)
    except serializers.ValidationError:
        assert not taken
    else:
        assert taken
