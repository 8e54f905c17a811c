"""Create, read, replace, change and delete: every shape of resource."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models import DO_NOTHING, ProtectedError

from itemsvc.resources.plan.behind import _planned
from tests.resources.shapes import SHAPES, Post, Shape
from tests.sample.models import Comment, Customer, Line, Order
from tests.support.client import Client

JSON = "application/json"
#: Members that the database or the service sets.
OWN = {"id", "created_at", "author"}


def given(row: dict[str, Any]) -> dict[str, Any]:
    """The members that a caller may set."""
    return {name: value for name, value in row.items() if name not in OWN}


def test_a_row_is_what_was_sent_and_the_defaults(api: Client, shape: Shape, post: Post) -> None:
    body = shape.make_body(post)
    made = api.post(shape.path, body)
    assert made.status_code == 201
    assert given(made.json()) == shape.defaults | body
    assert made["Location"] == f"http://testserver{shape.path}/{made.json()['id']}"
    assert api.get(made["Location"]).json() == made.json()
    assert api.get(shape.path).json()[0] == made.json()


def test_what_was_read_can_be_sent_back(api: Client, shape: Shape, post: Post) -> None:
    row = shape.make(post)
    response = api.put(f"{shape.path}/{row['id']}", row, content_type=JSON)
    assert (response.status_code, response.json()) == (200, row)


def test_put_replaces_every_member(api: Client, shape: Shape, post: Post) -> None:
    row = shape.make(post)
    changed = row | {name: shape.changes.get(name, row[name]) for name in row}
    response = api.put(f"{shape.path}/{row['id']}", given(changed), content_type=JSON)
    assert (response.status_code, response.json()) == (200, changed)
    assert api.get(f"{shape.path}/{row['id']}").json() == changed


def test_patch_changes_one_member_at_a_time(api: Client, shape: Shape, post: Post) -> None:
    row = shape.make(post)
    for name, value in shape.changes.items():
        row[name] = value
        response = api.patch(f"{shape.path}/{row['id']}", {name: value}, content_type=JSON)
        assert (response.status_code, response.json()) == (200, row)
    assert api.get(f"{shape.path}/{row['id']}").json() == row


def test_every_member_that_can_be_sent_is_changed_by_these_tests(shape: Shape, post: Post) -> None:
    assert set(given(shape.make(post))) - set(shape.references) == set(shape.changes)


def test_what_was_deleted_is_gone(api: Client, shape: Shape, post: Post) -> None:
    path = f"{shape.path}/{shape.make(post)['id']}"
    assert api.delete(path).status_code == 204
    assert [getattr(api, method)(path).status_code for method in ("get", "delete")] == [404, 404]


def test_many_are_made_in_the_given_order(api: Client, shape: Shape, post: Post) -> None:
    bodies = [shape.make_body(post) for _ in range(3)]
    response = api.post(shape.path, bodies)
    assert response.status_code == 201
    assert [given(row) for row in response.json()] == [shape.defaults | body for body in bodies]
    assert "Location" not in response
    assert api.get(f"{shape.path}/{response.json()[1]['id']}").json() == response.json()[1]


def test_many_are_all_made_or_none(api: Client, shape: Shape, post: Post) -> None:
    right = shape.make_body(post)
    response = api.post(shape.path, [right, right | {"colour": "red"}])
    assert (response.status_code, response.json()) == (400, {"1": {"colour": ["Unknown field."]}})
    assert api.get(shape.path).json() == []


@pytest.mark.parametrize("many", [False, True])
def test_a_repeated_post_is_answered_again(api: Client, shape: Shape, post: Post, many: bool) -> None:
    body = shape.make_body(post)
    key = {"Idempotency-Key": "first"}
    first, second = (api.post(shape.path, [body] if many else body, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second["Idempotency-Replayed"] == "true"
    assert [second.get(name) for name in ("Location", "ETag")] == [first.get(name) for name in ("Location", "ETag")]
    assert len(api.get(shape.path).json()) == 1
    other = api.post(shape.path, body | {"colour": "red"}, headers=key)
    assert other.status_code == 422


def test_the_service_decides_who_the_author_is(api: Client) -> None:
    made = api.post("/sample/comments", [{"text": "a", "author": "somebody"}, {"text": "b"}])
    assert {row["author"] for row in made.json()} == {"address:127.0.0.1"}


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_permission_may_refuse_a_row(api: Client, method: str) -> None:
    comment = Comment.objects.create(text="mine", author="sub:somebody")
    body = {} if method == "delete" else {"data": {"text": "yours"}, "content_type": JSON}
    path = f"/sample/comments/{comment.pk}"
    assert getattr(api, method)(path, **body).status_code == 403
    assert api.get(path).json()["text"] == "mine"


def test_the_members_of_a_nested_row_are_replaced(api: Client, post: Post) -> None:
    row = SHAPES["/sample/receipts"].make(post)
    path = f"/sample/receipts/{row['id']}"
    assert api.patch(path, {"lines": []}, content_type=JSON).json()["lines"] == []
    assert not Line.objects.exists()
    refused = api.patch(path, {"lines": [{"product": "a"}, {"product": ""}]}, content_type=JSON)
    assert refused.json() == {"lines": {"1": {"product": ["This field may not be blank."]}}}
    assert not Line.objects.exists()


#: These end the connection's transaction, as they do in the service.
own_transaction = pytest.mark.django_db(transaction=True)


@own_transaction
def test_two_of_many_with_one_unique_value_conflict(api: Client) -> None:
    twice = [{"name": "Ann", "email": "ann@example.com"}] * 2
    response = api.post("/sample/customers", twice)
    assert (response.status_code, response.json()) == (409, {"email": ["Another row has this value."]})
    assert api.get("/sample/customers").json() == []


@own_transaction
@pytest.mark.parametrize(
    ("code", "status", "message"), [("VOID", 400, "No voucher is void."), ("ONCE-1", 409, "It can be there once only.")]
)
def test_a_row_that_breaks_a_constraint_gets_its_message(
    api: Client, post: Post, code: str, status: int, message: str
) -> None:
    other, path = post("/sample/vouchers", {"code": "ONCE-1"}), "/sample/vouchers"
    row = post(path, {"code": "SPRING"})
    body = {"code": code}
    answers = [api.post(path, each) for each in (body, [body])]
    answers += [send(f"{path}/{row['id']}", body, content_type=JSON) for send in (api.put, api.patch)]
    for answer in answers:
        assert (answer.status_code, answer.json()) == (status, {"non_field_errors": [message]})
    assert api.get(path).json() in ([row, other], [other, row])


def delete_customers() -> None:
    """Deletes all of them, and closes this thread's connection."""
    Customer.objects.all().delete()
    connection.close()


@own_transaction
def test_a_row_that_is_deleted_meanwhile_cannot_be_referred_to(api: Client, post: Post, monkeypatch: Any) -> None:
    body = SHAPES["/sample/orders"].make_body(post)
    save = Order.save

    def delete_then_save(self: Order, *args: Any, **kwargs: Any) -> None:
        with ThreadPoolExecutor(1) as another_connection:
            another_connection.submit(delete_customers).result()
        save(self, *args, **kwargs)

    monkeypatch.setattr(Order, "save", delete_then_save)
    _planned.cache_clear()  # An earlier test may have planned the view for the model without this `save`.
    response = api.post("/sample/orders", body)
    assert (response.status_code, response.json()) == (409, {"customer": ["There is no such row any more."]})
    _planned.cache_clear()


@own_transaction
def test_a_row_that_others_refer_to_in_the_database_alone_is_not_deleted(
    api: Client, post: Post, monkeypatch: Any
) -> None:
    order = SHAPES["/sample/orders"].make(post)
    monkeypatch.setattr(Order._meta.get_field("customer").remote_field, "on_delete", DO_NOTHING)
    _planned.cache_clear()
    response = api.delete(f"/sample/customers/{order['customer']}")
    _planned.cache_clear()
    assert (response.status_code, [*response.json()]) == (409, ["detail"])


def test_a_protected_row_is_not_deleted(api: Client, post: Post, monkeypatch: Any) -> None:
    order = SHAPES["/sample/orders"].make(post)

    def protect(*args: Any) -> None:
        raise ProtectedError("referred to", set())

    monkeypatch.setattr(Order._meta.get_field("customer").remote_field, "on_delete", protect)
    assert api.delete(f"/sample/customers/{order['customer']}").status_code == 409
    assert api.get(f"/sample/orders/{order['id']}").status_code == 200
