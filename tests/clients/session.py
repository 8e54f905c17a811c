"""A user's program on the client that openapi-python-client made of the service's document.

`python session.py URL` prints what it saw, as JSON. The package `client` is the generated one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from client import Client
from client.api.gadgets import (
    gadgets_create,
    gadgets_destroy,
    gadgets_list,
    gadgets_partial_update,
    gadgets_retrieve,
)
from client.api.sample import (
    sample_customers_create,
    sample_orders_create,
    sample_orders_list,
    sample_orders_partial_update,
)
from client.models import (
    Error,
    Gadget,
    GadgetRequest,
    GadgetsListOrdering,
    PatchedGadgetRequest,
    PatchedSampleOrderRequest,
    Problems,
    SampleCustomer,
    SampleCustomerRequest,
    SampleOrder,
    SampleOrderRequest,
)
from client.types import UNSET, Response, Unset

Kind = TypeVar("Kind")


def gadgets(client: Client) -> dict[str, Any]:
    """Creates, reads, changes, deletes, sends many, pages, and reads the stream."""
    made = one(gadgets_create.sync(client=client, body=GadgetRequest("first")), Gadget)
    many = gadgets_create.sync(client=client, body=[GadgetRequest(f"no. {number}") for number in range(5)])
    read = gadgets_retrieve.sync_detailed(made.id, client=client)

    def change(description: str, etag: str) -> Response[Any]:
        body = PatchedGadgetRequest(description=description)
        return gadgets_partial_update.sync_detailed(made.id, client=client, body=body, if_match=etag)

    etag = read.headers["ETag"]
    changed, stale = change("changed", etag), change("too late", etag)
    refused = one(gadgets_create.sync(client=client, body=GadgetRequest("")), Problems)
    pages, lines = [[each.name for each in page] for page in pages_of(client)], [each.name for each in stream(client)]
    deleted = gadgets_destroy.sync_detailed(made.id, client=client)
    return {
        "read": one(read.parsed, Gadget).to_dict() == made.to_dict(),
        "many": len(many) if isinstance(many, list) else many,
        "changed": [int(changed.status_code), one(changed.parsed, Gadget).description],
        "stale": [int(stale.status_code), bool(one(stale.parsed, Error).detail)],
        "refused": list(refused.additional_properties),
        "pages": pages,
        "lines": lines,
        "deleted": int(deleted.status_code),
        "gone": one(gadgets_retrieve.sync(made.id, client=client), Error).detail != "",
    }


def pages_of(client: Client) -> Iterator[list[Gadget]]:
    """All pages of two, from the oldest, by their Link headers."""
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        page = gadgets_list.sync_detailed(
            client=client, limit=2, ordering=GadgetsListOrdering.CREATED_AT_ASCENDING, cursor=cursor
        )
        yield one(page.parsed, list)
        cursor = next_cursor(page.headers)


def next_cursor(headers: Mapping[str, str]) -> str | None:
    """The cursor of the next page; None on the last one."""
    link = re.search(r'<([^>]+)>; rel="next"', headers.get("Link", ""))
    return parse_qs(urlsplit(link[1]).query)["cursor"][0] if link else None


def stream(client: Client) -> Iterator[Gadget]:
    """Every gadget, a line each."""
    http = client.get_httpx_client()
    with http.stream("GET", "/gadgets", headers={"Accept": "application/x-ndjson"}) as response:
        for line in response.iter_lines():
            yield Gadget.from_dict(json.loads(line))


def orders(client: Client) -> dict[str, Any]:
    """A foreign key, a decimal, a date, any JSON, and a filter."""
    customer = one(
        sample_customers_create.sync(client=client, body=SampleCustomerRequest("Ada", "ada@example.com")),
        SampleCustomer,
    )
    order = SampleOrderRequest(customer.id, "9.50", date(2026, 1, 31), tags=["a"], details=["any", None, 1.5])
    made = one(sample_orders_create.sync(client=client, body=order), SampleOrder)
    changed = sample_orders_partial_update.sync(made.id, client=client, body=PatchedSampleOrderRequest(total="10.25"))
    listed = one(sample_orders_list.sync(client=client, customer=customer.id, total="10.25"), list)
    return {
        "made": [made.customer == customer.id, made.status.value, made.total, made.placed_on.isoformat()],
        "json": [made.tags, made.details],
        "changed": one(changed, SampleOrder).total,
        "listed": [each.id == made.id for each in listed],
    }


def one(parsed: object, kind: type[Kind]) -> Kind:
    """What was parsed, if it is of that kind."""
    assert isinstance(parsed, kind), parsed
    return parsed


if __name__ == "__main__":
    with Client(sys.argv[1], raise_on_unexpected_status=True) as opened:
        print(json.dumps({"gadgets": gadgets(opened), "orders": orders(opened)}))
