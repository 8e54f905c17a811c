"""`search` and `name` are answered from an index, with 100,000 rows."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict

from items.filters import ItemFilter
from items.models import Item


@pytest.fixture(scope="module")
def many_items(django_db_setup: None, django_db_blocker):
    """100,000 items, as `make seed` makes them."""
    with django_db_blocker.unblock():
        call_command("seed", 100_000, seed=1, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE items_item")
        yield
        Item.objects.all().delete()


def plan(query: str) -> tuple[set[str], int]:
    """The indexes that PostgreSQL used for the first page, and how many rows it looked at and threw away."""
    queryset = ItemFilter(QueryDict(query), queryset=Item.objects.all()).qs.order_by("-id")[:101]
    explained = json.loads(queryset.explain(format="json", analyze=True))
    indexes, removed, nodes = set(), 0, [explained[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        indexes.add(node.get("Index Name"))
        removed += node.get("Rows Removed by Filter", 0)
    return indexes - {None}, removed


@pytest.mark.django_db
@pytest.mark.usefixtures("many_items")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("search=no. 4242", "items_name_trigrams"),
        ("search=NO. 4242", "items_name_trigrams"),
        ("search=there is no such name", "items_name_trigrams"),
        ("name=Compact oak lamp no. 4242", "items_name"),
        ("created_after=2020-01-01T00:00:00Z", "items_item_pkey"),
        ("created_before=2020-01-01T00:00:00Z", "items_item_pkey"),
        ("", "items_item_pkey"),
    ],
)
def test_the_index_that_answers(query: str, index: str) -> None:
    indexes, removed = plan(query)
    assert index in indexes
    assert removed == 0
