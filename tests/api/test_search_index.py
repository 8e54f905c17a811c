"""`search` and `name` are answered from an index, with 100,000 rows."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.http import QueryDict

from tests.sample.filters import GadgetFilter
from tests.sample.models import Gadget
from tests.support.plans import nodes

MANY = """
    INSERT INTO sample_gadget (name, description)
    SELECT format('Compact %s lamp no. %s', materials[1 + number % 8], number), ''
    FROM generate_series(1, 100000) number, string_to_array('elm ash oak fir yew tin zinc steel', ' ') materials
"""


@pytest.fixture(scope="module")
def many_gadgets(django_db_setup: None, django_db_blocker):
    """100,000 gadgets of eight materials."""
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(MANY)
            cursor.execute("ANALYZE sample_gadget")
        yield
        Gadget.objects.all().delete()


def plan(query: str) -> tuple[set[str], int]:
    """The indexes that PostgreSQL used for the first page, and how many rows it looked at and threw away."""
    queryset = GadgetFilter(QueryDict(query), queryset=Gadget.objects.all()).qs.order_by("-id")[:101]
    explained = json.loads(queryset.explain(format="json", analyze=True))
    found = [*nodes(explained[0]["Plan"])]
    indexes = {node["Index Name"] for node in found if "Index Name" in node}
    return indexes, sum(node.get("Rows Removed by Filter", 0) for node in found)


@pytest.mark.django_db
@pytest.mark.usefixtures("many_gadgets")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("search=no. 4242", "gadgets_name_trigrams"),
        ("search=NO. 4242", "gadgets_name_trigrams"),
        ("search=there is no such name", "gadgets_name_trigrams"),
        ("search=zzz", "gadgets_name_trigrams"),
        ("search=- ab.c00 %25_", "gadgets_name_trigrams"),
        ("search=\u00e9t\u00e9", "gadgets_name_trigrams"),
        ("search=\u5317\u4eac\u5e02", "gadgets_name_trigrams"),
        ("search=\u0939\u093f\u0928\u094d", "gadgets_name_trigrams"),
        ("name=Compact oak lamp no. 4242", "gadgets_name"),
        ("created_after=2020-01-01T00:00:00Z", "sample_gadget_pkey"),
        ("created_before=2020-01-01T00:00:00Z", "sample_gadget_pkey"),
        ("", "sample_gadget_pkey"),
    ],
)
def test_the_index_that_answers(query: str, index: str) -> None:
    indexes, removed = plan(query)
    assert index in indexes
    assert removed == 0
