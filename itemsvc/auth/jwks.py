"""The issuer's public keys. They are fetched in the background, and kept while the issuer does not answer."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
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
    """The keys by id and algorithm. Several threads may use it. It starts no thread before the first look-up.

    While there are keys, at most ``max_waiting`` threads wait for unknown ones, so that the others serve known keys.
    """

    def __init__(self, fetch: Callable[[], Keys], max_waiting: int):
        self._fetch = fetch
        self._places = threading.BoundedSemaphore(max_waiting)
        self._keys: Keys = {}
        self._fetched = self._attempted = float("-inf")
        self._current = False  # Whether the last fetch succeeded.
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The key. Waits if the key is unknown or stale. Raises UnknownKeyError or IssuerUnavailableError."""
        key, age = self._known(kid, algorithm), self._age()
        if key and age < REFRESH_SECONDS:
            return key
        running = self._refresh()
        if key and (age < STALE_SECONDS or not self._current):
            return key
        if running:
            self._wait(running, in_turn=key is None and age <= KEEP_SECONDS)
        if key := self._known(kid, algorithm):
            return key
        has_current_keys = self._current and not (running and running.is_alive())
        raise UnknownKeyError if has_current_keys else IssuerUnavailableError

    def _known(self, kid: str, algorithm: str) -> PyJWK | None:
        return self._keys.get((kid, algorithm)) if self._age() <= KEEP_SECONDS else None

    def _age(self) -> float:
        return monotonic() - self._fetched

    def _wait(self, running: threading.Thread, *, in_turn: bool) -> None:
        """Waits for the fetch; does not wait ``in_turn`` if all places are taken."""
        if not in_turn:
            running.join(WAIT_SECONDS)
        elif self._places.acquire(blocking=False):
            try:
                running.join(WAIT_SECONDS)
            finally:
                self._places.release()

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
    if _scheme(address) not in ("https", _scheme(issuer)):
        raise FetchError(f"The issuer's jwks_uri {address!r} is no HTTPS address.")
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


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme
    except ValueError:
        return ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, because the settings name the only address to trust."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class _ShutAtDeadline(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Shuts a connection down at its timeout. The socket's own one begins anew with each byte that arrives."""

    def do_open(self, http_class: Any, req: Any, **arguments: Any) -> Any:
        deadline = monotonic() + req.timeout

        class Connection(http_class):
            def connect(self) -> None:
                super().connect()
                timer = threading.Timer(max(0, deadline - monotonic()), _shut, [self.sock])
                timer.daemon = True
                timer.start()

        return super().do_open(Connection, req, **arguments)


def _shut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):  # It is closed already.
        connected.shutdown(socket.SHUT_RDWR)


def _get(address: str, deadline: float) -> dict[str, Any]:
    """The JSON object at the address, of at most MAX_BYTES; ``deadline`` is in monotonic seconds. Raises FetchError."""
    headers = {"Accept": "application/json", "User-Agent": "itemsvc"}
    content = b""
    # Each fetch needs a new opener, because an opener of Python 3.13 keeps the certificates that it read first.
    opener = urllib.request.build_opener(_NoRedirect, _ShutAtDeadline)
    try:
        request = urllib.request.Request(address, headers=headers)  # noqa: S310  (the scheme is checked)
        with opener.open(request, timeout=max(0.1, deadline - monotonic())) as response:
            while (chunk := response.read1(MAX_BYTES)) and len(content) <= MAX_BYTES:
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
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return {}
    kind = " ".join(str(jwk[name]) for name in ("kty", "crv") if name in jwk)
    algorithms = [name for name in ALGORITHMS.get(kind, ()) if jwk.get("alg", name) == name]
    try:
        # Anybody can sign with a private key that is published.
        return {} if "d" in jwk else {(jwk["kid"], name): PyJWK(jwk, name) for name in algorithms}
    except PyJWTError as problem:
        logger.warning("A key of the token issuer cannot be used: %s", type(problem).__name__)
        return {}
