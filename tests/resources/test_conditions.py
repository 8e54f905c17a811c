"""`ETag`, `If-None-Match` and `If-Match` for every shape of resource, and for writes of a team's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path

from itemsvc.resources.views import ResourceDetailView
from tests.resources.shapes import SHAPES, Post, Shape
from tests.sample.models import Line, Order, Voucher
from tests.sample.serializers import ReceiptSerializer, VoucherSerializer
from tests.sample.urls import urlpatterns as sample_urls
from tests.support.client import Client

JSON = "application/json"
OTHER = '"9-0000000000000000"'
METHODS = ("put", "patch", "delete")


class OwnWrites(ResourceDetailView):
    """Writes in its own way."""

    queryset = Voucher.objects.all()
    serializer_class = VoucherSerializer

    def perform_update(self, serializer: Any) -> None:
        serializer.save(code=serializer.validated_data["code"] + "!")

    def perform_destroy(self, instance: Voucher) -> None:
        instance.code = "deleted"
        instance.save()


urlpatterns = [path("own/<uuid:pk>", OwnWrites.as_view()), *sample_urls]


def write(api: Client, method: str, url: str, body: dict[str, Any], **headers: str) -> Any:
    """A write that is valid in itself."""
    content = {} if method == "delete" else {"data": body, "content_type": JSON}
    return getattr(api, method)(url, headers=headers, **content)


@pytest.fixture(params=[shape for shape in SHAPES.values() if shape.versioned], ids=lambda shape: shape.path)
def versioned(request: pytest.FixtureRequest) -> Shape:
    """Each resource that has versions."""
    found: Shape = request.param
    return found


def test_a_row_has_one_tag_whoever_shows_it(api: Client, versioned: Shape, post: Post) -> None:
    made = api.post(versioned.path, versioned.make_body(post))
    url = made["Location"]
    assert made["ETag"] == api.get(url)["ETag"] == api.head(url)["ETag"]
    assert api.get(url, headers={"if-none-match": made["ETag"]}).status_code == 304
    changed = write(api, "patch", url, versioned.changes)
    assert changed["ETag"] == api.get(url)["ETag"] != made["ETag"]
    replaced = write(api, "put", url, changed.json())
    assert replaced["ETag"] == api.get(url)["ETag"]


@pytest.mark.parametrize("method", METHODS)
def test_a_write_needs_the_tag_of_the_row_as_it_is(api: Client, versioned: Shape, post: Post, method: str) -> None:
    made = api.post(versioned.path, versioned.make_body(post))
    url, old = made["Location"], made["ETag"]
    new = write(api, "patch", url, versioned.changes)["ETag"]
    body = api.get(url).json()
    refused = write(api, method, url, made.json(), **{"if-match": old})
    assert refused.status_code == 412
    assert api.get(url).json() == body
    assert write(api, method, url, made.json(), **{"if-match": new}).status_code < 300


@pytest.mark.parametrize("method", METHODS)
def test_a_row_without_a_version_has_no_tag_and_meets_no_condition(api: Client, post: Post, method: str) -> None:
    line = SHAPES["/sample/lines"].make(post)
    url = f"/sample/lines/{line['id']}"
    assert "ETag" not in api.get(url)
    assert write(api, method, url, line, **{"if-match": OTHER}).status_code == 412
    assert api.get(url).json() == line
    assert write(api, method, url, line, **{"if-match": "*"}).status_code < 300


@pytest.mark.parametrize("change", ["change", "create", "delete", "bulk", "move here", "move away"])
def test_a_change_of_a_part_is_one_of_the_whole(api: Client, post: Post, change: str) -> None:
    whole = SHAPES["/sample/receipts"].make(post)
    url = f"/sample/receipts/{whole['id']}"
    other = SHAPES["/sample/lines"].make(post)
    old, part = api.get(url)["ETag"], Order.objects.get(pk=whole["id"]).lines.get()
    match change:
        case "change":
            write(api, "patch", f"/sample/lines/{part.pk}", {"quantity": 5})
        case "create":
            post("/sample/lines", {"order": whole["id"], "product": "nail"})
        case "delete":
            api.delete(f"/sample/lines/{part.pk}")
        case "bulk":
            Line.objects.filter(order_id=whole["id"]).update(quantity=9)
        case "move here":
            write(api, "patch", f"/sample/lines/{other['id']}", {"order": whole["id"]})
        case "move away":
            write(api, "patch", f"/sample/lines/{part.pk}", {"order": other["order"]})
    assert api.get(url)["ETag"] != old
    assert write(api, "patch", url, {"total": "9.00"}, **{"if-match": old}).status_code == 412
    assert write(api, "patch", url, {"total": "9.00"}, **{"if-match": api.get(url)["ETag"]}).status_code == 200


def test_a_page_has_a_tag_of_every_shape(api: Client, shape: Shape, post: Post) -> None:
    shape.make(post)
    tag = api.get(shape.path)["ETag"]
    assert api.get(shape.path, headers={"if-none-match": tag}).status_code == 304
    shape.make(post)
    assert api.get(shape.path, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("method", METHODS)
def test_a_write_of_a_teams_own_keeps_the_condition(api: Client, method: str) -> None:
    voucher = Voucher.objects.create(code="A")
    url = f"/own/{voucher.pk}"
    for headers in ({"if-match": OTHER}, {"if-none-match": "*"}):
        assert write(api, method, url, {"code": "B"}, **headers).status_code == 412
    voucher.refresh_from_db()
    assert (voucher.code, voucher.version) == ("A", 1)
    done = write(api, method, url, {"code": "B"}, **{"if-match": api.get(url)["ETag"]})
    voucher.refresh_from_db()
    assert voucher.code == ("deleted" if method == "delete" else "B!")
    if method != "delete":
        assert done["ETag"] == api.get(url)["ETag"]


def test_a_nested_write_that_fails_changes_nothing(api: Client, post: Post, monkeypatch: Any) -> None:
    row = SHAPES["/sample/receipts"].make(post)
    url = f"/sample/receipts/{row['id']}"
    update = ReceiptSerializer.update

    def fail(self: ReceiptSerializer, instance: Order, values: dict[str, Any]) -> Order:
        update(self, instance, values)
        raise OSError

    monkeypatch.setattr(ReceiptSerializer, "update", fail)
    assert write(api, "patch", url, {"total": "9.00", "lines": []}).status_code == 500
    assert api.get(url).json() == row
