"""A token issuer: an HTTP server with a discovery document and keys. It makes tokens and fails on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "itemsvc-tests"
SCOPES = "gadgets:read gadgets:write"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"

#: For each algorithm, a function that makes a private key and one that turns a public key into a JWK.
FAMILIES: dict[str, tuple[Callable[[], Any], Callable[..., Any]]] = {
    "RS": (lambda: rsa.generate_private_key(65537, 2048), RSAAlgorithm.to_jwk),
    "PS": (lambda: rsa.generate_private_key(65537, 2048), RSAAlgorithm.to_jwk),
    "ES256": (lambda: ec.generate_private_key(ec.SECP256R1()), ECAlgorithm.to_jwk),
    "ES384": (lambda: ec.generate_private_key(ec.SECP384R1()), ECAlgorithm.to_jwk),
    "ES512": (lambda: ec.generate_private_key(ec.SECP521R1()), ECAlgorithm.to_jwk),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate, OKPAlgorithm.to_jwk),
}


def bearer(token: str) -> dict[str, str]:
    """The request header with this token."""
    return {"Authorization": f"Bearer {token}"}


class SigningKey:
    """A key pair. Its JWK contains `algorithm` unless `named` is false."""

    def __init__(self, kid: str, algorithm: str = "ES256", *, named: bool = True, private: Any = None):
        make, to_jwk = FAMILIES.get(algorithm) or FAMILIES[algorithm[:2]]
        self.kid, self.algorithm = kid, algorithm
        self.private = private or make()
        self.jwk = {**to_jwk(self.private.public_key(), as_dict=True), "kid": kid, "use": "sig"}
        if named:
            self.jwk["alg"] = algorithm


class Issuer:
    """A context manager with a server. Tests change its responses by `documents` and `delay_seconds`."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.key = SigningKey("first")
        self.keys = [self.key]
        self.status, self.delay_seconds = 200, 0.0
        self.documents: dict[str, bytes] = {}
        self.requests: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a service that accepts this issuer's tokens."""
        return {"API_AUTH": "oidc", "OIDC_ISSUER": self.url, "OIDC_AUDIENCE": AUDIENCE, **more}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token, valid for ten minutes. A change to None removes the claim."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "machine",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "scope": SCOPES,
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, key: SigningKey | None = None, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """A good token with these changes to its claims and header."""
        key = key or self.key
        return jwt.encode(self.claims(**changes), key.private, key.algorithm, {"kid": key.kid, **(headers or {})})

    def fetches(self) -> int:
        """The number of requests for the keys."""
        return self.requests.count(KEYS)

    def document(self, path: str) -> bytes | None:
        """The response to a path."""
        if path in self.documents:
            return self.documents[path]
        if path == DISCOVERY:
            return json.dumps({"issuer": self.url, "jwks_uri": self.url + KEYS}).encode()
        return json.dumps({"keys": [key.jwk for key in self.keys]}).encode() if path == KEYS else None

    def _handler(issuer) -> type[BaseHTTPRequestHandler]:  # noqa: N805  (the handler has a self of its own)
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests.append(self.path)
                time.sleep(issuer.delay_seconds)
                document = issuer.document(self.path)
                self.send_response(issuer.status if document is not None else 404)
                self.send_header("Location", issuer.url + KEYS)
                self.end_headers()
                self.wfile.write(document or b"")

            def log_message(self, *words: Any) -> None:
                """Keeps stderr quiet. Tests read `requests`."""

        return Handler
