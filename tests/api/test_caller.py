"""`itemsvc.authentication.caller`: what idempotency keys and rate limits are kept by."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from itemsvc.authentication import CALLER, Caller, caller


def test_without_a_token_it_is_the_peers_address() -> None:
    assert caller({"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}) == "address:10.0.0.7"


@pytest.mark.parametrize(("proxies", "address"), [(1, "192.0.2.2"), (2, "192.0.2.1"), (3, "192.0.2.1")])
def test_behind_proxies_it_is_what_the_outermost_of_them_saw(settings, proxies: int, address: str) -> None:
    settings.NUM_PROXIES = proxies
    environ = {"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "192.0.2.1, 192.0.2.2"}
    assert caller(environ) == f"address:{address}"


def test_with_a_token_it_is_the_subject_from_a_request_or_its_environ() -> None:
    request = RequestFactory().get("/items", headers={"Itemsvc-Caller": "address:spoofed"})
    request.META[CALLER] = Caller("machine", frozenset())
    assert {caller(request), caller(Request(request)), caller(request.META)} == {"sub:machine"}
