"""The issuer's public keys. They are fetched in the background, and kept while the issuer does not answer."""

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

#: The age at which the keys are fetched again in the background.
REFRESH_SECONDS = 240
#: The age at which a request waits for the fetch. A key that the issuer has withdrawn is used for no longer.
STALE_SECONDS = 300
#: The least time between two fetches, because clients can name any number of unknown keys.
PAUSE_SECONDS = 5
#: How long the keys are used while the issuer does not answer.
KEEP_SECONDS = 24 * 3600
#: How long a request waits for a fetch. The fetch itself may take longer.
WAIT_SECONDS = 2
#: How long a fetch may take.
FETCH_SECONDS = 3
MAX_BYTES = 256 * 1024

#: The algorithms of each kind of key. No algorithm is symmetric, so a public key cannot be used as a secret.
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
    """The issuer did not answer, or its answer cannot be used."""


class KeySet:
    """The keys by id and algorithm. Several threads may use it. It starts no thread before the first look-up."""

    def __init__(self, fetch: Callable[[], Keys]):
        self._fetch = fetch
        self._keys: Keys = {}
        self._fetched = self._attempted = float("-inf")
        self._current = False  # Whether the last fetch succeeded.
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The key. Waits if the key is unknown or stale. Raises UnknownKeyError or IssuerUnavailableError."""
        key, age = self._known(kid, algorithm), monotonic() - self._fetched
        if key and age < REFRESH_SECONDS:
            return key
        running = self._refresh()
        if key and (age < STALE_SECONDS or not self._current):
            return key
        if running:
            running.join(WAIT_SECONDS)
        if key := self._known(kid, algorithm):
            return key
        has_current_keys = self._current and not (running and running.is_alive())
        raise UnknownKeyError if has_current_keys else IssuerUnavailableError

    def _known(self, kid: str, algorithm: str) -> PyJWK | None:
        expired = monotonic() - self._fetched > KEEP_SECONDS
        return None if expired else self._keys.get((kid, algorithm))

    def _refresh(self) -> threading.Thread | None:
        """The running fetch, or a new one if the last one is long enough ago, or None."""
        with self._lock:
            if self._running and self._running.is_alive():
                return self._running
            if monotonic() - self._attempted < PAUSE_SECONDS:
                return None
            self._attempted = monotonic()
            self._running = threading.Thread(target=self._run, name="jwks", daemon=True)
            self._running.start()
            return self._running

    def _run(self) -> None:
        succeeded = False
        try:
            self._keys = self._fetch()
            self._fetched, succeeded = monotonic(), True
        except FetchError as problem:
            logger.warning("The token issuer's keys could not be fetched: %s", problem)
        finally:
            self._attempted, self._current = monotonic(), succeeded


def fetch(issuer: str) -> Keys:
    """The usable keys of the issuer. Plain HTTP is allowed only if the issuer's own address has it.

    Raises FetchError, also if there is no usable key.
    """
    deadline = monotonic() + FETCH_SECONDS
    address = _discover(issuer, deadline)
    if urlsplit(address).scheme not in ("https", urlsplit(issuer).scheme):
        raise FetchError(f"{address} is not HTTPS.")
    document = _get(address, deadline)
    jwks = document.get("keys")
    keys = {name: key for jwk in (jwks if isinstance(jwks, list) else ()) for name, key in _usable(jwk).items()}
    if not keys:
        raise FetchError(f"{address} has no key that can verify tokens.")
    return keys


def _discover(issuer: str, deadline: float) -> str:
    """The address of the keys, from the discovery document (OpenID Connect Discovery 1.0, section 4)."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    document = _get(address, deadline)
    if document.get("issuer") != issuer:
        raise FetchError(f"{address} names another issuer.")
    return str(document.get("jwks_uri", ""))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, because the settings name the only address to trust."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _get(address: str, deadline: float) -> dict[str, Any]:
    """The JSON object at the address, of at most MAX_BYTES; ``deadline`` is in monotonic seconds. Raises FetchError."""
    request = urllib.request.Request(address, headers={"Accept": "application/json", "User-Agent": "itemsvc"})  # noqa: S310  (the scheme is checked)
    content = b""
    # Each fetch needs a new opener, because an opener of Python 3.13 keeps the certificates that it read first.
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=max(0.1, deadline - monotonic())) as response:
            # A server that sends slowly never reaches the socket's timeout, so each part is read by itself.
            while chunk := response.read1(MAX_BYTES):
                content += chunk
                if len(content) > MAX_BYTES or monotonic() > deadline:
                    raise FetchError(f"{address} sends too much or too slowly.")
        document = json.loads(content)
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as problem:
        raise FetchError(f"{address}: {type(problem).__name__}: {problem}") from problem
    if not isinstance(document, dict):
        raise FetchError(f"{address} is not a JSON object.")
    return document


def _usable(jwk: Any) -> dict[tuple[str, str], PyJWK]:
    """A JSON Web Key (RFC 7517) by its id and each of its algorithms; empty if the key is for another use."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or jwk.get("use", "sig") != "sig":
        return {}
    kind = " ".join(str(jwk[name]) for name in ("kty", "crv") if name in jwk)
    algorithms = [name for name in ALGORITHMS.get(kind, ()) if jwk.get("alg", name) == name]
    try:
        # Anybody can sign with a private key that is published.
        return {} if "d" in jwk else {(jwk["kid"], name): PyJWK(jwk, name) for name in algorithms}
    except PyJWTError as problem:
        logger.warning("A key of the token issuer cannot be used: %s", type(problem).__name__)
        return {}
