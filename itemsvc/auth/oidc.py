"""Verifies bearer tokens: the issuer's signature, the audience and the time. RFC 6750, 7519, 8725 and 9068."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Mapping
from typing import Any

import jwt
from django.conf import settings
from jwt import exceptions

from itemsvc.auth import jwks
from itemsvc.auth.tokens import Caller, InvalidTokenError, verified

#: Seconds by which the issuer's clock and this one may differ.
LEEWAY_SECONDS = 30
MAX_TOKEN_BYTES = 8000
MAX_SUBJECT_LENGTH = 255

COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
#: The same issuer may sign tokens of other types (a logout token, a proof) for the same audience.
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

#: The messages for PyJWT's errors. The first one that fits is used.
PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.ExpiredSignatureError, "The token has expired."),
    (exceptions.ImmatureSignatureError, "The token is not valid yet."),
    (exceptions.InvalidIssuerError, "The token has another issuer."),
    (exceptions.InvalidSignatureError, "The token's signature does not match."),
    (exceptions.MissingRequiredClaimError, "The token lacks a required claim."),
    (exceptions.PyJWTError, "The token is malformed."),
)


@functools.cache
def key_set() -> jwks.KeySet:
    """The keys of the configured issuer."""
    return jwks.KeySet(functools.partial(jwks.fetch, settings.OIDC_ISSUER), max(1, settings.THREADS // 2))


def verify(token: str) -> Caller:
    """The token's caller. Raises InvalidTokenError, or IssuerUnavailableError if nobody can verify the token now."""
    if caller := verified.get(token):
        return caller
    claims = _claims(token)
    _check_use(claims)
    claim = "sub" if claims.get("sub") else "client_id"
    caller = Caller(_subject(claims.get(claim)), _scopes(claims), claim)
    verified.add(token, caller, int(claims["exp"]) + LEEWAY_SECONDS - int(time.time()))
    return caller


def _claims(token: str) -> Mapping[str, Any]:
    """The claims of a token that the issuer signed and that is valid now."""
    if len(token) > MAX_TOKEN_BYTES or not COMPACT_JWS.fullmatch(token):
        raise InvalidTokenError("The token is malformed.")
    try:
        header = jwt.get_unverified_header(token)
        _check_header(header)
        key = key_set().find(header["kid"], header["alg"])
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[header["alg"]],
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY_SECONDS,
            # `_check_use` checks the audience, because Cognito's access tokens have no `aud`.
            options={"require": ["exp", "iss"], "verify_aud": False, "enforce_minimum_key_length": True},
        )
    except jwks.UnknownKeyError:
        raise InvalidTokenError("The token's key is not one of the issuer's keys.") from None
    except exceptions.PyJWTError as problem:
        raise InvalidTokenError(next(text for kind, text in PROBLEMS if isinstance(problem, kind))) from None
    return claims


def _check_header(header: Mapping[str, Any]) -> None:
    """Checks the header before a key is looked up. Keys in the token itself (`jwk`, `jku`, `x5u`, …) are ignored."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in jwks.ASYMMETRIC:
        raise InvalidTokenError("The token's algorithm is not accepted.")
    if "crit" in header or "b64" in header or str(header.get("typ", "JWT")).lower() not in TYPES:
        raise InvalidTokenError("The token is not an access token.")
    if not header.get("kid"):
        raise InvalidTokenError("The token does not name its key.")


def _check_use(claims: Mapping[str, Any]) -> None:
    """Refuses tokens that are no access tokens for this service."""
    # Cognito's identity tokens have another `token_use`. A token with `cnf` needs a proof of possession.
    if claims.get("token_use", "access") != "access" or "cnf" in claims:
        raise InvalidTokenError("The token is not an access token.")
    if not _audiences(claims) & set(settings.OIDC_AUDIENCE):
        raise InvalidTokenError("The token is for another audience.")


def _audiences(claims: Mapping[str, Any]) -> set[str]:
    """The audiences in `aud`. Cognito's access tokens have none; for them, the resource servers of their scopes."""
    if "aud" not in claims and claims.get("token_use") == "access":
        return {scope.rpartition("/")[0] for scope in _scope_words(claims)} - {""}
    audiences = claims.get("aud")
    return {name for name in (audiences if isinstance(audiences, list) else [audiences]) if isinstance(name, str)}


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """The scopes for this service: `items:read`, or `AUDIENCE/items:read` with one of its audiences."""
    named = (word.rpartition("/") for word in _scope_words(claims))
    return frozenset(name for prefix, slash, name in named if not slash or prefix in settings.OIDC_AUDIENCE)


def _scope_words(claims: Mapping[str, Any]) -> list[str]:
    """The words of `scope` (RFC 9068), or else of `scp`, which may be a list."""
    given = claims.get("scope", claims.get("scp", ""))
    words = given.split(" ") if isinstance(given, str) else given
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _subject(subject: Any) -> str:
    """Checks the subject. It must be printable, because it gets into the database and the log."""
    if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise InvalidTokenError("The token has no valid subject.")
    return subject
