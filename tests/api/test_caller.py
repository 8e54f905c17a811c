"""Who calls: what idempotency keys and rate limits are kept by, and what a view asks for."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from itemsvc.auth import jwks, oidc
from itemsvc.auth.authentication import CALLER, BearerToken, Caller, HasScope, admits, caller
from itemsvc.auth.tokens import verified
from itemsvc.core import client_address
from tests.support.issuer import AUDIENCE, Issuer


def test_without_a_token_it_is_the_peers_address() -> None:
    assert caller({"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}) == "address:10.0.0.7"


@pytest.mark.parametrize(("proxies", "address"), [(1, "192.0.2.2"), (2, "192.0.2.1"), (3, "192.0.2.1")])
def test_behind_proxies_it_is_what_the_outermost_of_them_saw(monkeypatch: Any, proxies: int, address: str) -> None:
    monkeypatch.setattr(client_address, "NUM_PROXIES", proxies)
    environ = {"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "192.0.2.1, 192.0.2.2"}
    assert caller(environ) == f"address:{address}"


@pytest.mark.parametrize(
    ("node", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:50000", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:c000:201]:50000", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:0DB8:0::0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ('"[2001:db8::1]:50000"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("_hidden", "_hidden"),
        ("_hidden:50000", "_hidden"),
        ("_SEVKISEK:_port", "_SEVKISEK"),
        ("unknown", "unknown"),
        ("unknown:_port", "unknown"),
        ("", "unknown"),
        ("[", "unknown"),
        ("not:an:address", "unknown"),
        ("made-up", "unknown"),
        ("_" * 65, "unknown"),
        ("[" * 9000, "unknown"),
        ("::1%" + "z" * 9000, "unknown"),
    ],
)
def test_an_address_has_one_form(monkeypatch: Any, node: str, address: str) -> None:
    """Whether it is the peer's or what a proxy saw."""
    assert client_address.client_address({"REMOTE_ADDR": node}) == address
    monkeypatch.setattr(client_address, "NUM_PROXIES", 1)
    assert client_address.client_address({"REMOTE_ADDR": node, "HTTP_X_FORWARDED_FOR": f"8.8.8.8, {node}"}) == (
        address if node else "8.8.8.8"
    )


def test_an_ipv6_network_is_one_caller_and_an_ipv4_address_in_ipv6_is_none_of_them() -> None:
    def of(address: str) -> str:
        return caller({"REMOTE_ADDR": address})

    assert of("2001:db8:0:1::1") == of("2001:db8:0:1:ffff::2") == "address:2001:db8:0:1::/64"
    assert of("2001:db8:0:2::1") == "address:2001:db8:0:2::/64"
    assert of("::ffff:192.0.2.1") == "address:192.0.2.1"


def test_with_a_token_it_is_the_subject_from_a_request_or_its_environ() -> None:
    request = RequestFactory().get("/gadgets", headers={"Itemsvc-Caller": "address:spoofed"})
    request.META[CALLER] = Caller("machine", frozenset())
    assert {caller(request), caller(Request(request)), caller(request.META)} == {"sub:machine"}


def test_a_client_with_the_name_of_a_user_is_another_caller(settings: Any, issuer: Issuer) -> None:
    settings.OIDC_ISSUER, settings.OIDC_AUDIENCE = issuer.url, [AUDIENCE]
    keys = jwks.KeySet(partial(jwks.fetch, issuer.url), 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oidc, "key_set", lambda: keys)
        user, client = (oidc.verify(issuer.token(**{"sub": None, claim: "alice"})) for claim in ("sub", "client_id"))
    assert (str(user), caller({CALLER: user})) == ("alice", "sub:alice")
    assert (str(client), caller({CALLER: client})) == ("alice", "client_id:alice")


def request_of(found: Caller | None) -> Request:
    """DRF's request, as it is behind the middleware."""
    request = RequestFactory().get("/")
    if found:
        request.META[CALLER] = found
    return Request(request, authenticators=[BearerToken()])


def test_a_view_that_names_no_resource_is_forbidden() -> None:
    with pytest.raises(PermissionDenied, match="names no `resource`"):
        HasScope().has_permission(request_of(Caller("machine", frozenset({"gadgets:read"}))), APIView())


def test_to_rest_framework_a_caller_is_somebody_who_is_logged_in() -> None:
    assert IsAuthenticated().has_permission(request_of(Caller("machine", frozenset())), APIView())


def test_without_the_middleware_nobody_is_let_in() -> None:
    request = request_of(None)
    assert not HasScope().has_permission(request, APIView())
    assert BearerToken().authenticate_header(request) == 'Bearer realm="itemsvc"'


def test_the_fast_path_admits_only_tokens_that_were_verified_and_have_the_scope() -> None:
    environ = {"HTTP_AUTHORIZATION": "Bearer known"}
    assert admits(environ, "")
    assert not admits(environ, "gadgets:read")
    verified.add("known", Caller("machine", frozenset({"gadgets:read"})), 60)
    assert not admits(environ, "gadgets:write")
    assert caller(environ).startswith("address:")
    assert admits(environ, "gadgets:read")
    assert caller(environ) == "sub:machine"
    assert not admits({}, "gadgets:read")
