"""Bearer tokens: signed by the issuer, meant for this service, valid now. RFC 6750, 7519, 8725 and 9068."""

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
#: Tokens of another kind (a logout token, a proof) may come from the same issuer with the same audience.
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

#: What is said of what PyJWT finds wrong; the first that fits.
PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.ExpiredSignatureError, "The token has expired."),
    (exceptions.ImmatureSignatureError, "The token is not valid yet."),
    (exceptions.InvalidIssuerError, "The token is another issuer's."),
    (exceptions.InvalidSignatureError, "The token's signature does not match."),
    (exceptions.MissingRequiredClaimError, "The token lacks a claim that it must have."),
    (exceptions.PyJWTError, "The token is malformed."),
)


@functools.cache
def key_set() -> jwks.KeySet:
    """The configured issuer's."""
    return jwks.KeySet(functools.partial(jwks.fetch, settings.OIDC_ISSUER))


def verify(token: str) -> Caller:
    """The token's caller. Raises InvalidTokenError; IssuerUnavailableError where nobody can tell."""
    if caller := verified.get(token):
        return caller
    claims = _claims(token)
    _check_use(claims)
    caller = Caller(_subject(claims), _scopes(claims))
    verified.add(token, caller, int(claims["exp"]) + LEEWAY_SECONDS - int(time.time()))
    return caller


def _claims(token: str) -> Mapping[str, Any]:
    """What the issuer signed, while it is valid."""
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
            # The audience has its own check: it is not always in `aud`.
            options={"require": ["exp", "iss"], "verify_aud": False, "enforce_minimum_key_length": True},
        )
    except jwks.UnknownKeyError:
        raise InvalidTokenError("The token is signed with a key that is not the issuer's.") from None
    except exceptions.PyJWTError as problem:
        raise InvalidTokenError(next(text for kind, text in PROBLEMS if isinstance(problem, kind))) from None
    return claims


def _check_header(header: Mapping[str, Any]) -> None:
    """Refuses before any key is looked for. Keys that a token brings along (`jwk`, `jku`, `x5u`, …) are never read."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in jwks.ASYMMETRIC:
        raise InvalidTokenError("The token is not signed with an algorithm that is accepted.")
    if "crit" in header or "b64" in header or str(header.get("typ", "JWT")).lower() not in TYPES:
        raise InvalidTokenError("The token is not an access token.")
    if not header.get("kid"):
        raise InvalidTokenError("The token does not name its key.")


def _check_use(claims: Mapping[str, Any]) -> None:
    """Refuses what the issuer signed, but not as an access token for this service."""
    # Cognito's identity tokens; and tokens bound to a key of their holder's, whose proof nobody has checked.
    if claims.get("token_use", "access") != "access" or "cnf" in claims:
        raise InvalidTokenError("The token is not an access token.")
    if not _audiences(claims) & set(settings.OIDC_AUDIENCE):
        raise InvalidTokenError("The token is for another audience.")


def _audiences(claims: Mapping[str, Any]) -> set[str]:
    """`aud`; without one, in Cognito's access tokens, the resource servers whose scopes the token holds."""
    if "aud" not in claims and claims.get("token_use") == "access":
        return {scope.rpartition("/")[0] for scope in _scope_words(claims)} - {""}
    audiences = claims.get("aud")
    return {name for name in (audiences if isinstance(audiences, list) else [audiences]) if isinstance(name, str)}


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """The scopes that are this service's: plain, or under one of its audiences, as `AUDIENCE/items:read`."""
    prefixes = {"", *settings.OIDC_AUDIENCE}
    named = (word.rpartition("/") for word in _scope_words(claims))
    return frozenset(name for prefix, _, name in named if prefix in prefixes)


def _scope_words(claims: Mapping[str, Any]) -> list[str]:
    """`scope`, a text (RFC 9068); or `scp`, a text or a list."""
    given = claims.get("scope", claims.get("scp", ""))
    words = given.split(" ") if isinstance(given, str) else given
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _subject(claims: Mapping[str, Any]) -> str:
    """Who calls: printable, since it ends in keys of the database and of logs."""
    subject = claims.get("sub") or claims.get("client_id")
    if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise InvalidTokenError("The token names no caller.")
    return subject
