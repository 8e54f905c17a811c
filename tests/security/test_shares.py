"""No kind of request takes all threads: what is more than its share is refused at once, and the others are served."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from itemsvc.limits import shares
from tests.sample.models import Gadget
from tests.support.ways import Way, ask, every_way

MANY = json.dumps([{"name": "oak"}]).encode()
LARGE = b'{"name": "oak"' + b" " * shares.LARGE_BYTES + b"}"
#: A request of each kind, and what is said if there are too many.
KINDS: dict[str, tuple[shares.Share, dict[str, Any], str]] = {
    "search": (shares.searches, {"method": "GET", "path": "/gadgets", "QUERY_STRING": "search=oak"}, "searches"),
    "many": (shares.bulk_requests, {"method": "POST", "path": "/gadgets", "body": MANY}, "requests with many objects"),
    "large": (shares.large_bodies, {"method": "POST", "path": "/gadgets", "body": LARGE}, "requests with large bodies"),
    "page": (shares.pages, {"method": "GET", "path": "/gadgets", "HTTP_ACCEPT": "text/html,*/*;q=0.8"}, "pages"),
    "export": (shares.exports, {"method": "GET", "path": "/gadgets", "HTTP_ACCEPT": "application/x-ndjson"}, "exports"),
}


@pytest.fixture
def ways(transactional_db: None, static_files: None) -> dict[str, Way]:
    return every_way()


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("kind", KINDS)
def test_more_than_its_share_is_refused_on_every_way(ways: dict[str, Way], held: ExitStack, kind: str) -> None:
    share, request, words = KINDS[kind]
    for number in range(shares.HALF):
        held.enter_context(share.take(f"caller {number}" if kind == "export" else ""))
    for name, way in ways.items():
        status, headers, body, _ = ask(way, **request)
        assert (status, json.loads(body)) == (503, {"detail": f"Too many {words} are running. Try again shortly."}), (
            name
        )
        assert int(headers["Retry-After"]) >= 1
        others = [each for other, (_, each, _) in KINDS.items() if other != kind]
        for other in ({"method": "GET", "path": "/gadgets"}, *others):
            assert ask(way, **other)[0] in (200, 201), (name, other)
    held.close()
    assert {ask(way, **request)[0] for way in ways.values()} <= {200, 201}


@pytest.mark.parametrize("accept", ["TEXT/HTML", "text/*", "application/json;q=0.1,text/*"])
def test_a_page_is_one_however_it_is_asked_for(ways: dict[str, Way], held: ExitStack, accept: str) -> None:
    for way in ways.values():
        assert ask(way, "GET", "/gadgets", HTTP_ACCEPT=accept)[1]["Content-Type"] == "text/html; charset=utf-8"
    for _ in range(shares.HALF):
        held.enter_context(shares.pages.take())
    for way in ways.values():
        assert ask(way, "GET", "/gadgets", HTTP_ACCEPT=accept)[0] == 503


def test_an_array_is_refused_before_it_is_parsed(ways: dict[str, Way], held: ExitStack) -> None:
    for _ in range(shares.HALF):
        held.enter_context(shares.bulk_requests.take())
    for way in ways.values():
        assert ask(way, "POST", "/gadgets", b" [{]", HTTP_IDEMPOTENCY_KEY="a-key")[0] == 503


def test_a_page_may_be_a_search_too(ways: dict[str, Way]) -> None:
    Gadget.objects.create(name="oak")
    for way in ways.values():
        assert ask(way, "GET", "/gadgets", QUERY_STRING="search=oak", HTTP_ACCEPT="text/html")[0] == 200


def test_all_kinds_together_leave_a_thread() -> None:
    ended, begun = threading.Event(), threading.Barrier(shares.MOST + 1)

    def hold(share: shares.Share) -> None:
        with share.take():
            begun.wait(30)
            ended.wait(30)

    kinds = [shares.pages, shares.searches, shares.exports]
    assert len(kinds) == shares.MOST
    with ThreadPoolExecutor(shares.MOST) as pool:
        for share in kinds:
            pool.submit(hold, share)
        begun.wait(30)
        with pytest.raises(shares.Busy), shares.bulk_requests.take():
            pass
        ended.set()
    with shares.bulk_requests.take():
        pass
