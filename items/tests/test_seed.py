"""`manage.py seed`."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from items.models import Item
from itemsvc.resources.management.commands import seed
from tests.support.client import Client


def test_it_adds_as_many_as_asked_for(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed, "BATCH_ROWS", 100)
    call_command("seed", 251, "items")
    assert Item.objects.count() == 251


def test_the_items_are_such_as_the_api_takes(api: Client) -> None:
    call_command("seed", 100, "items", seed=7)
    path = reverse("item-list")
    for item in api.get(path).json():
        response = api.post(path, {"name": item["name"], "description": item["description"]})
        assert response.status_code == 201
        assert response.json()["name"] == item["name"]


def test_the_same_seed_makes_the_same_names(db: None) -> None:
    for _ in range(2):
        call_command("seed", 50, "items", seed=7)
    names = list(Item.objects.order_by("id").values_list("name", flat=True))
    assert names[:50] == names[50:]


@pytest.mark.parametrize("count", [0, -5])
def test_less_than_one_is_refused(db: None, count: int) -> None:
    with pytest.raises(CommandError, match="1 or more"):
        call_command("seed", count, "items")


def test_an_app_without_seed_is_named(db: None) -> None:
    with pytest.raises(CommandError, match=r"No app named nothing has a seed\.py"):
        call_command("seed", 1, "nothing")
