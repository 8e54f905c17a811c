"""Whatever JSON an issuer signs, or anybody sends, is a caller or a refusal, never an error."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies
from jwt.algorithms import ECAlgorithm

from itemsvc.auth import jwks, oidc
from itemsvc.auth.tokens import Caller, InvalidTokenError
from tests.support.issuer import AUDIENCE, Issuer

pytestmark = pytest.mark.slow

MANY = settings(max_examples=100)
LEAVES = strategies.one_of(
    strategies.none(), strategies.booleans(), strategies.integers(), strategies.floats(), strategies.text(max_size=20)
)
JSON = strategies.recursive(
    LEAVES,
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=5,
)
CLAIMS = strategies.sampled_from(
    "iss aud sub exp nbf iat jti scope scp token_use client_id cnf".split()
)  # fmt: skip
FIELDS = strategies.sampled_from("alg kid typ crit b64 jwk jku x5c x5u x5t enc zip cty".split())


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch, issuer: Issuer) -> Issuer:
    """The issuer, in this process."""
    keys = jwks.KeySet(functools.partial(jwks.fetch, issuer.url), 1)
    monkeypatch.setattr(oidc, "key_set", lambda: keys)
    monkeypatch.setattr(oidc.settings, "OIDC_ISSUER", issuer.url)
    monkeypatch.setattr(oidc.settings, "OIDC_AUDIENCE", [AUDIENCE])
    return issuer


def signed(issuer: Issuer, header: Any, claims: Any) -> str:
    """A token that the issuer really signed, however odd; PyJWT itself would refuse to write it."""
    body = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    )
    algorithm = ECAlgorithm(ECAlgorithm.SHA256)
    signature = algorithm.sign(body.encode(), issuer.key.private)
    return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def outcome(token: str) -> Caller | str:
    """The caller, or why there is none."""
    try:
        return oidc.verify(token)
    except InvalidTokenError as problem:
        return str(problem)


@MANY
@given(changes=strategies.dictionaries(CLAIMS, JSON, max_size=3))
def test_any_claims(believed: Issuer, changes: dict[str, Any]) -> None:
    result = outcome(signed(believed, {"alg": "ES256", "kid": "first"}, believed.claims() | changes))
    assert isinstance(result, str | Caller)


@MANY
@given(changes=strategies.dictionaries(FIELDS, JSON, min_size=1, max_size=3))
def test_any_header(believed: Issuer, changes: dict[str, Any]) -> None:
    outcome(signed(believed, {"alg": "ES256", "kid": "first"} | changes, believed.claims()))


@MANY
@given(header=JSON, claims=JSON)
def test_any_json_at_all(believed: Issuer, header: Any, claims: Any) -> None:
    assert isinstance(outcome(signed(believed, header, claims)), str)


@MANY
@given(text=strategies.text())
def test_any_text(believed: Issuer, text: str) -> None:
    assert isinstance(outcome(text), str)


@MANY
@given(position=strategies.integers(min_value=0), character=strategies.sampled_from("AZaz09-_.=+/ \0é"))
def test_a_good_token_with_one_other_character(believed: Issuer, position: int, character: str) -> None:
    """Also in the last character, whose unused bits a lenient decoder ignores."""
    token = believed.token(exp=2**33, iat=None, nbf=None)
    position %= len(token)
    changed = token[:position] + character + token[position + 1 :]
    assert changed == token or isinstance(outcome(changed), str)


def test_the_good_one_is_good(believed: Issuer) -> None:
    assert outcome(signed(believed, {"alg": "ES256", "kid": "first"}, believed.claims())) == Caller(
        "machine", frozenset({"gadgets:read", "gadgets:write"})
    )
