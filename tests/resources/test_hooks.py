"""What a team's model does when it is saved or deleted happens on every write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import models
from django.db.models import Model, signals

from itemsvc.resources.plan.views import planned
from tests.resources.shapes import SHAPES, Post
from tests.sample.models import Gadget, Order
from tests.sample.views import GadgetDetail, GadgetList
from tests.support.client import Client

JSON = "application/json"
WRITES = ("put", "patch", "post", "many")


def write(api: Client, post: Post, path: str, how: str) -> Any:
    """A row that has been written in one of four ways."""
    shape = SHAPES[path]
    body = shape.make_body(post)
    if how in ("put", "patch"):
        url = f"{path}/{post(path, body)['id']}"
        response = getattr(api, how)(url, body if how == "put" else shape.changes, content_type=JSON)
        assert response.status_code == 200
        assert api.get(url)["ETag"] == response["ETag"]
        return response.json()
    response = api.post(path, [body] if how == "many" else body)
    assert response.status_code == 201
    return response.json()[0] if how == "many" else response.json()


@pytest.mark.parametrize("how", WRITES)
def test_an_overridden_save_is_called(api: Client, post: Post, monkeypatch: Any, how: str) -> None:
    def save(self: Gadget, *args: Any, **kwargs: Any) -> None:
        self.description = f"{self.name}, saved"
        Model.save(self, *args, **kwargs)

    monkeypatch.setattr(Gadget, "save", save)
    row = write(api, post, "/gadgets", how)
    assert row["description"] == f"{row['name']}, saved"


class Loud(models.QuerySet):
    """Makes rows in its own way."""

    def create(self, **values: Any) -> Any:
        return super().create(**values | {"description": "LOUD"})


class Louder(models.Manager):
    """Another place to do so."""

    def create(self, **values: Any) -> Any:
        return super().create(**values | {"description": "LOUD"})


@pytest.mark.parametrize("how", ["post", "many"])
@pytest.mark.parametrize("manager", [Loud.as_manager(), Louder()])
def test_an_overridden_create_is_called(
    api: Client, post: Post, monkeypatch: Any, manager: models.Manager, how: str
) -> None:
    manager.model, manager.name = Gadget, "objects"
    monkeypatch.setitem(vars(Gadget._meta), "default_manager", manager)
    assert "POST" not in planned(GadgetList)
    assert write(api, post, "/gadgets", how)["description"] == "LOUD"


@pytest.fixture
def heard() -> Iterator[list[tuple[str, bool]]]:
    """The gadgets that receivers have heard of, with whether each was new."""
    saved: list[tuple[str, bool]] = []

    def receive(sender: Any, instance: Gadget, created: bool, **kwargs: Any) -> None:
        saved.append((instance.name, created))

    signals.post_save.connect(receive, sender=Gadget)
    yield saved
    signals.post_save.disconnect(receive, sender=Gadget)


@pytest.mark.parametrize("how", WRITES)
def test_receivers_hear_of_every_save(api: Client, post: Post, heard: list[tuple[str, bool]], how: str) -> None:
    row = write(api, post, "/gadgets", how)
    assert heard[-1] == (row["name"], how not in ("put", "patch"))


@pytest.mark.parametrize("how", WRITES)
def test_the_time_of_a_change_is_kept(api: Client, post: Post, monkeypatch: Any, how: str) -> None:
    monkeypatch.setattr(Order._meta.get_field("placed_on"), "auto_now", True)
    days = {datetime.now(UTC).date().isoformat()}
    row = write(api, post, "/sample/orders", how)
    assert row["placed_on"] in days | {datetime.now(UTC).date().isoformat()}


def test_an_overridden_delete_is_called(api: Client, post: Post, monkeypatch: Any) -> None:
    def delete(self: Gadget, *args: Any, **kwargs: Any) -> None:
        self.description = "deleted"
        self.save()

    url = f"/gadgets/{SHAPES['/gadgets'].make(post)['id']}"
    monkeypatch.setattr(Gadget, "delete", delete)
    assert api.delete(url, headers={"if-match": '"9-0000000000000000"'}).status_code == 412
    assert api.delete(url, headers={"if-match": api.get(url)["ETag"]}).status_code == 204
    assert api.get(url).json()["description"] == "deleted"


def test_a_querysets_delete_is_not_a_rows(api: Client, post: Post, monkeypatch: Any) -> None:
    class Kept(models.QuerySet):
        def delete(self) -> int:  # type: ignore[override]  # As many write it.
            return self.update(description="deleted")

    monkeypatch.setattr(GadgetDetail, "queryset", Kept(Gadget))
    url = f"/gadgets/{SHAPES['/gadgets'].make(post)['id']}"
    assert api.delete(url, headers={"if-match": '"9-0000000000000000"'}).status_code == 412
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
