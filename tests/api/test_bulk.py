"""`POST /gadgets` with an array."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from itemsvc.resources.fields import BLANK
from tests.sample.models import Gadget
from tests.support.client import Client
from tests.support.service import Service


def test_answers_them_in_the_given_order(api: Client) -> None:
    given = [{"name": f"  gadget {n} ", "description": "text"[: n % 5]} for n in range(1000)]
    response = api.post("/gadgets", given)
    made = response.json()
    assert response.status_code == 201
    assert list(made[0]) == ["id", "name", "description", "created_at"]
    assert [(gadget["name"], gadget["description"]) for gadget in made] == [
        (gadget["name"].strip(), gadget["description"]) for gadget in given
    ]
    for header in ("Location", "ETag"):
        assert header not in response
    assert api.get("/gadgets?limit=1000").json() == made[::-1]


def test_what_is_left_out_of_one_is_not_left_out_of_the_others(api: Client) -> None:
    made = api.post("/gadgets", [{"name": "a"}, {"name": "b", "description": "c"}]).json()
    assert [gadget["description"] for gadget in made] == ["", "c"]


def test_it_takes_one_statement(api: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        api.post("/gadgets", [{"name": "a"}] * 1000)


def test_an_array_of_one_is_answered_as_an_array(api: Client) -> None:
    response = api.post("/gadgets", [{"name": "a"}])
    assert (response.status_code, len(response.json())) == (201, 1)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], {"non_field_errors": ["This list may not be empty."]}),
        ([{"name": "a"}] * 1001, {"non_field_errors": ["Ensure this field has no more than 1000 elements."]}),
        ([{"name": "a"}, {}], {"1": {"name": ["This field is required."]}}),
        ([{"name": "a", "x": 1}, {"name": "b"}], {"0": {"x": ["Unknown field."]}}),
        ([1, {"name": "b"}], {"0": {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}}),
        ([None], {"0": {"non_field_errors": ["Invalid data. Expected a dictionary, but got null."]}}),
        ([[{"name": "a"}]], {"0": {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}}),
    ],
)
def test_what_is_wrong_is_named_by_index_and_nothing_is_made(api: Client, body: Any, errors: Any) -> None:
    response = api.post("/gadgets", body)
    assert (response.status_code, response.json()) == (400, errors)
    assert not Gadget.objects.exists()


def test_the_first_wrong_ones_are_named_and_the_others_are_counted(api: Client) -> None:
    unknown = {f"x{n}": 1 for n in range(90)}
    errors = api.post("/gadgets", [{"name": "a"}, *[unknown] * 900]).json()
    assert errors.pop("non_field_errors") == ["880 more were not checked."]
    assert [*errors] == [str(index) for index in range(1, 21)]
    named = {f"x{n}": ["Unknown field."] for n in range(20)}
    assert errors["7"] == named | {"non_field_errors": ["70 more fields are unknown."]}


@pytest.mark.parametrize("wrong", [19, 20])
def test_if_no_others_were_left_out_nothing_says_so(api: Client, wrong: int) -> None:
    errors = api.post("/gadgets", [{}] * wrong).json()
    assert [*errors] == [str(index) for index in range(wrong)]


def test_more_than_the_limit_in_bytes_is_413(api: Client) -> None:
    assert api.post("/gadgets", [{"name": "a", "description": "x" * 10_000}] * 200).status_code == 413
    assert not Gadget.objects.exists()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@hypothesis_settings(max_examples=10)
@given(
    gadgets=st.lists(
        st.fixed_dictionaries(
            {"name": TEXT.filter(lambda text: not BLANK.fullmatch(text))}, optional={"description": TEXT}
        )
    )
)
def test_many_at_once_are_what_each_would_be_alone(api: Client, gadgets: list[dict[str, str]]) -> None:
    together = api.post("/gadgets", gadgets)
    alone = [api.post("/gadgets", gadget).json() for gadget in gadgets]
    assert together.status_code == (201 if gadgets else 400)
    for one, other in zip(together.json() if gadgets else [], alone, strict=True):
        assert (one["name"], one["description"]) == (other["name"], other["description"])


def test_keys_are_in_the_order_of_the_array_and_of_time(service: Service) -> None:
    made = [service.post("/gadgets", json=[{"name": str(n)} for n in range(1000)]).json() for _ in range(3)]
    keys = [gadget["id"] for array in made for gadget in array]
    assert keys == sorted(keys)
    assert len(set(keys)) == 3000


def test_all_of_them_or_none(service: Service) -> None:
    service.execute("ALTER TABLE sample_gadget ADD CONSTRAINT no_last CHECK (name <> 'last')")
    try:
        response = service.post("/gadgets", json=[*({"name": "first"} for _ in range(999)), {"name": "last"}])
    finally:
        service.execute("ALTER TABLE sample_gadget DROP CONSTRAINT no_last")
    assert response.status_code == 500
    assert service.execute("SELECT count(*) FROM sample_gadget") == [(0,)]


def test_the_browsable_api_takes_and_shows_them(api: Client) -> None:
    for body, status in (([{"name": "lamp"}, {"name": "torch"}], 201), ([{"name": "lamp"}, {}], 400), ([], 400)):
        response = api.post("/gadgets", body, headers={"accept": "text/html"})
        assert response.status_code == status
        assert response["Content-Type"].startswith("text/html")
        assert b'id="post-object-form"' in response.content
    assert Gadget.objects.count() == 2
