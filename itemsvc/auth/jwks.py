"""The issuer's public keys: fetched in the background, kept while the issuer is away, never at a caller's pace."""

from __future__ import annotations

import http.client
import json
import logging
import threading
import urllib.request
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from itemsvc.auth.tokens import IssuerUnavailableError

logger = logging.getLogger(__name__)

#: Seconds after which the keys are fetched anew in the background, and after which a request waits for that: for no
#: longer is a key used that the issuer has withdrawn.
REFRESH_SECONDS = 240
STALE_SECONDS = 300
#: Seconds between two fetches at the least, however many unknown keys callers name.
PAUSE_SECONDS = 5
#: Seconds that the keys go on being used while the issuer does not answer.
KEEP_SECONDS = 24 * 3600
#: Seconds that a request waits for a fetch; the fetch itself may take longer.
WAIT_SECONDS = 2
FETCH_SECONDS = 3
MAX_BYTES = 256 * 1024

#: What a key may sign with; nothing symmetric, so that no public key can ever be taken for a secret.
ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": ("EdDSA",),
}
ASYMMETRIC = frozenset(name for names in ALGORITHMS.values() for name in names)

Keys = Mapping[tuple[str, str], PyJWK]


class UnknownKeyError(Exception):
    """The issuer has no such key for such an algorithm."""


class FetchError(Exception):
    """What the issuer answered, if anything, is of no use."""


class KeySet:
    """Keys by id and algorithm. Threads share it; before the first look-up it has no thread and no connection."""

    def __init__(self, fetch: Callable[[], Keys]):
        self._fetch = fetch
        self._keys: Keys = {}
        self._fetched = self._attempted = float("-inf")
        self._current = False  # The last fetch succeeded.
        self._lock = threading.Lock()
        self._flight: threading.Thread | None = None

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The key; raises UnknownKeyError or IssuerUnavailableError. Waits where the key is unknown or stale."""
        key, age = self._known(kid, algorithm), monotonic() - self._fetched
        if key and age < REFRESH_SECONDS:
            return key
        flight = self._refresh()
        if key and (age < STALE_SECONDS or not self._current):
            return key
        if flight:
            flight.join(WAIT_SECONDS)
        if key := self._known(kid, algorithm):
            return key
        is_in_doubt = not self._current or (flight is not None and flight.is_alive())
        raise IssuerUnavailableError if is_in_doubt else UnknownKeyError

    def _known(self, kid: str, algorithm: str) -> PyJWK | None:
        expired = monotonic() - self._fetched > KEEP_SECONDS
        return None if expired else self._keys.get((kid, algorithm))

    def _refresh(self) -> threading.Thread | None:
        """The fetch that is under way, a new one if it is time for it, or None."""
        with self._lock:
            if self._flight and self._flight.is_alive():
                return self._flight
            if monotonic() - self._attempted < PAUSE_SECONDS:
                return None
            self._attempted = monotonic()
            self._flight = threading.Thread(target=self._fly, name="jwks", daemon=True)
            self._flight.start()
            return self._flight

    def _fly(self) -> None:
        succeeded = False
        try:
            self._keys = self._fetch()
            self._fetched, succeeded = monotonic(), True
        except FetchError as problem:
            logger.warning("The token issuer's keys could not be fetched: %s", problem)
        finally:
            self._attempted, self._current = monotonic(), succeeded


def fetch(issuer: str) -> Keys:
    """The usable keys at the address that the issuer's discovery document names; plain HTTP where the issuer's own is.

    Raises FetchError, also where there is no usable key.
    """
    deadline = monotonic() + FETCH_SECONDS
    address = _discover(issuer, deadline)
    if urlsplit(address).scheme not in ("https", urlsplit(issuer).scheme):
        raise FetchError(f"{address} is not HTTPS.")
    document = _get(address, deadline)
    jwks = document.get("keys")
    keys = {name: key for jwk in (jwks if isinstance(jwks, list) else ()) for name, key in _usable(jwk).items()}
    if not keys:
        raise FetchError(f"{address} has no key that tokens can be verified with.")
    return keys


def _discover(issuer: str, deadline: float) -> str:
    """OpenID Connect Discovery 1.0, section 4: the address of the keys."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    document = _get(address, deadline)
    if document.get("issuer") != issuer:
        raise FetchError(f"{address} names another issuer.")
    return str(document.get("jwks_uri", ""))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Whom to trust is configured; a redirect would let somebody else choose."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _get(address: str, deadline: float) -> dict[str, Any]:
    """The JSON object there; at most MAX_BYTES of it, until ``deadline`` on the monotonic clock. Raises FetchError."""
    request = urllib.request.Request(address, headers={"Accept": "application/json", "User-Agent": "itemsvc"})  # noqa: S310  (the scheme is checked)
    content = b""
    # A new one for each fetch: an opener of Python 3.13 keeps the certificates that it first read.
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=max(0.1, deadline - monotonic())) as response:
            # One read after another, because a sender that drips would keep each of them from timing out.
            while chunk := response.read1(MAX_BYTES):
                content += chunk
                if len(content) > MAX_BYTES or monotonic() > deadline:
                    raise FetchError(f"{address} sends too much or too slowly.")
        document = json.loads(content)
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as problem:
        raise FetchError(f"{address}: {type(problem).__name__}: {problem}") from problem
    if not isinstance(document, dict):
        raise FetchError(f"{address} is no JSON object.")
    return document


def _usable(jwk: Any) -> dict[tuple[str, str], PyJWK]:
    """A JSON Web Key (RFC 7517) by its id and each algorithm that it may verify; nothing for a key of another use."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or jwk.get("use", "sig") != "sig":
        return {}
    kind = " ".join(str(jwk[name]) for name in ("kty", "crv") if name in jwk)
    algorithms = [name for name in ALGORITHMS.get(kind, ()) if jwk.get("alg", name) == name]
    try:
        # A published private key is nobody's: anyone may sign with it.
        return {} if "d" in jwk else {(jwk["kid"], name): PyJWK(jwk, name) for name in algorithms}
    except PyJWTError as problem:
        logger.warning("A key of the token issuer's is of no use: %s", type(problem).__name__)
        return {}
