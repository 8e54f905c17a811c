"""The issuer's keys: which are taken, how often they are asked for, and what happens while the issuer is away."""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm

from itemsvc.auth import jwks, oidc
from itemsvc.auth import tokens as tokens_module
from itemsvc.auth.jwks import KeySet, UnknownKeyError
from itemsvc.auth.tokens import MAX_VERIFIED, Caller, InvalidTokenError, IssuerUnavailableError, VerifiedTokens
from tests.support import issuer as issuers
from tests.support.client import Client
from tests.support.issuer import DISCOVERY, KEYS, Issuer, SigningKey, bearer
from tests.support.service import Service, wait_until


@pytest.fixture
def own() -> Iterator[Issuer]:
    """An issuer that the test may break."""
    with Issuer() as running:
        yield running


def key_set(issuer: Issuer) -> KeySet:
    return KeySet(functools.partial(jwks.fetch, issuer.url), max_waiting=2)


class Clock:
    """Stands in for the monotonic clock, so that nobody waits five minutes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        # From 0, so that no sum is rounded: a day after 13 hours of uptime was a trifle more than a day.
        self.now = 0.0
        monkeypatch.setattr(jwks, "monotonic", lambda: self.now)

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def quiet(keys: KeySet) -> None:
    """Waits for the fetch that is under way."""
    if keys._running:
        keys._running.join()


# -- Which keys --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("named", [True, False])
def test_every_asymmetric_algorithm_is_taken(secured_by: Callable[..., str], algorithm: str, named: bool) -> None:
    """Whether or not the key itself says what it signs with."""
    key = SigningKey(f"{algorithm} {named}", algorithm, named=named, private=RSA if algorithm[0] in "RP" else None)
    assert secured_by(key) == "machine"


RSA = rsa.generate_private_key(65537, 2048)


@pytest.fixture
def secured_by(settings, monkeypatch: pytest.MonkeyPatch, own: Issuer) -> Callable[..., str]:
    """Verifies a token of that key; returns its subject."""
    settings.OIDC_ISSUER, settings.OIDC_AUDIENCE = own.url, [issuers.AUDIENCE]

    def verify(key: SigningKey, **headers: Any) -> str:
        own.keys = [key]
        monkeypatch.setattr(oidc, "key_set", functools.cache(lambda: key_set(own)))
        return oidc.verify(own.token(key, headers)).subject

    return verify


def test_a_key_that_says_its_algorithm_signs_with_no_other(secured_by: Callable[..., str]) -> None:
    key = SigningKey("rsa", "RS256", private=RSA)
    key.algorithm = "PS256"
    with pytest.raises(InvalidTokenError, match="not one of the issuer's"):
        secured_by(key)


@pytest.mark.filterwarnings("ignore:The RSA key is 1024")
def test_a_short_rsa_key_is_refused(secured_by: Callable[..., str]) -> None:
    with pytest.raises(InvalidTokenError, match="malformed"):
        secured_by(SigningKey("short", "RS256", private=rsa.generate_private_key(65537, 1024)))


GOOD = SigningKey("good").jwk
#: One that anybody may sign with.
PRIVATE = GOOD | ECAlgorithm.to_jwk(SigningKey("published").private, as_dict=True)


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "ES256"},
        GOOD | {"use": "enc"},
        GOOD | {"key_ops": ["encrypt", "wrapKey"]},
        GOOD | {"key_ops": []},
        GOOD | {"key_ops": "verify"},
        GOOD | {"key_ops": 5},
        GOOD | {"use": "sig", "key_ops": ["deriveKey"]},
        GOOD | {"kid": 1},
        {name: value for name, value in GOOD.items() if name != "kid"},
        GOOD | {"alg": "HS256"},
        GOOD | {"alg": "none"},
        GOOD | {"alg": ["ES256"]},
        GOOD | {"crv": "secp256k1"},
        GOOD | {"crv": {}},
        GOOD | {"x": "AAAA"},
        GOOD | {"x": 5},
        {name: value for name, value in GOOD.items() if name != "x"},
        PRIVATE,
        {"kty": "RSA", "kid": "x", "n": [], "e": "AQAB"},
        {"kty": "RSA", "kid": "x"},
        {"kty": "RSA", "kid": "x", "n": "", "e": ""},
        {"kty": "OKP", "crv": "Ed25519", "kid": "x", "x": "?"},
        {"kty": "OKP", "crv": "Ed25519", "kid": "x"},
        "a text",
        None,
    ],
)
def test_a_key_of_no_use_is_left_out(own: Issuer, jwk: Any) -> None:
    own.documents[KEYS] = json.dumps({"keys": [jwk, own.key.jwk]}).encode()
    assert list(jwks.fetch(own.url)) == [("first", "ES256")]


def test_a_key_that_may_verify_is_taken(own: Issuer) -> None:
    own.key.jwk["key_ops"] = ["verify", "encrypt"]
    assert list(jwks.fetch(own.url)) == [("first", "ES256")]


# -- What the issuer may answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "document"),
    [
        (DISCOVERY, b"no JSON"),
        (DISCOVERY, b"[]"),
        (DISCOVERY, b"\xff"),
        (DISCOVERY, b"[" * 100_000),
        (DISCOVERY, b'{"issuer": "https://another.example", "jwks_uri": "https://another.example/keys"}'),
        (DISCOVERY, b"{}"),
        (KEYS, b'{"keys": []}'),
        (KEYS, b'{"keys": 5}'),
        (KEYS, b"{}"),
        (KEYS, b'{"keys": [' + b" " * jwks.MAX_BYTES + b"]}"),
    ],
)
def test_an_answer_of_no_use_is_a_failure(own: Issuer, path: str, document: bytes) -> None:
    own.documents[path] = document
    with pytest.raises(jwks.FetchError):
        jwks.fetch(own.url)


def test_an_issuer_may_end_with_a_slash(own: Issuer) -> None:
    issuer = f"{own.url}/pool/"
    own.documents[f"/pool{DISCOVERY}"] = json.dumps({"issuer": issuer, "jwks_uri": own.url + KEYS}).encode()
    assert ("first", "ES256") in jwks.fetch(issuer)


def test_an_answer_that_is_no_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as thread:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"no HTTP\r\n\r\n")

        thread.submit(answer)
        with pytest.raises(jwks.FetchError, match="BadStatusLine"):
            jwks.fetch(f"http://127.0.0.1:{server.getsockname()[1]}")


ENDS_MEANWHILE = """
import functools, sys
from itemsvc.auth import jwks
jwks.FETCH_SECONDS, jwks.WAIT_SECONDS = 60, 0.1
jwks.KeySet(functools.partial(jwks.fetch, sys.argv[1]), 1).find("first", "ES256")
"""


def test_a_process_that_ends_does_not_wait_for_the_issuer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ended = subprocess.run(
            [sys.executable, "-c", ENDS_MEANWHILE, address], check=False, capture_output=True, timeout=30
        )
    assert b"IssuerUnavailableError" in ended.stderr


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_only_200_is_an_answer_and_no_redirect_is_followed(own: Issuer, status: int) -> None:
    own.status = status
    with pytest.raises(jwks.FetchError):
        jwks.fetch(own.url)
    assert own.requests == [DISCOVERY]


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/", "file:///etc/passwd", "ftp://127.0.0.1/", "data:,{}", "", "https://[", "http://[::1"],
)
def test_an_https_issuers_keys_come_over_https_alone(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "_discover", lambda issuer, deadline: address)
    with pytest.raises(jwks.FetchError, match="no HTTPS address"):
        jwks.fetch("https://login.example.com")


def test_a_loopback_issuers_may_be_http_but_nothing_else(own: Issuer) -> None:
    own.documents[DISCOVERY] = json.dumps({"issuer": own.url, "jwks_uri": "file:///etc/passwd"}).encode()
    with pytest.raises(jwks.FetchError, match="no HTTPS address"):
        jwks.fetch(own.url)


@pytest.mark.parametrize("address", ["https://", "https://:x/", "https://\u2100/", "https://a\nb/", "https:// /"])
def test_an_address_of_no_use_is_a_failure(own: Issuer, address: str) -> None:
    own.documents[DISCOVERY] = json.dumps({"issuer": own.url, "jwks_uri": address}).encode()
    with pytest.raises(jwks.FetchError):
        jwks.fetch(own.url)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And trusted once SSL_CERT_FILE says so, as an emulated issuer's is."""
    certificate = self_signed("localhost", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Issuer() as issuer:
        issuer.server.socket = context.wrap_socket(issuer.server.socket, server_side=True)
        issuer.url = f"https://localhost:{issuer.server.server_port}"
        with pytest.raises(jwks.FetchError, match="CERTIFICATE_VERIFY_FAILED"):
            jwks.fetch(issuer.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert ("first", "ES256") in jwks.fetch(issuer.url)


SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def self_signed(name: str, directory: Path) -> Path:
    """A certificate for that name, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    end = now + timedelta(days=1)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        # Since 3.13 Python trusts no authority without these two.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(SIGNS_CERTIFICATES, critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", b" "),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", b" "),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        (b"", b"H"),
        (b"HTTP/1.1 100 Continue\r\n", b"A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
)
def test_an_issuer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch, head: bytes, drop: bytes) -> None:
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(head)
                for _ in range(90):
                    connection.sendall(drop)
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        started = time.monotonic()
        with pytest.raises(jwks.FetchError):
            jwks.fetch(f"http://127.0.0.1:{server.getsockname()[1]}")
        assert time.monotonic() - started < 2


# -- How often ---------------------------------------------------------------------------------------------------------


def test_unknown_keys_do_not_cause_a_fetch_each(own: Issuer, clock: Clock) -> None:
    keys = key_set(own)
    for number in range(1000):
        with pytest.raises(UnknownKeyError):
            keys.find(f"made up {number}", "ES256")
    assert own.fetches() == 1
    clock.advance(jwks.PAUSE_SECONDS)
    with pytest.raises(UnknownKeyError):
        keys.find("made up", "ES256")
    assert own.fetches() == 2


def test_a_new_key_is_found_at_once(own: Issuer, clock: Clock) -> None:
    keys = key_set(own)
    keys.find("first", "ES256")
    clock.advance(jwks.PAUSE_SECONDS)
    own.keys = [SigningKey("second")]
    assert keys.find("second", "ES256")
    with pytest.raises(UnknownKeyError):
        keys.find("first", "ES256")


def test_a_withdrawn_key_is_forgotten_after_the_refresh(own: Issuer, clock: Clock) -> None:
    keys = key_set(own)
    keys.find("first", "ES256")
    own.keys = [SigningKey("second")]
    clock.advance(jwks.REFRESH_SECONDS)
    keys.find("first", "ES256")
    quiet(keys)
    with pytest.raises(UnknownKeyError):
        keys.find("first", "ES256")


def test_after_an_idle_hour_a_withdrawn_key_is_not_used_even_once(own: Issuer, clock: Clock) -> None:
    keys = key_set(own)
    keys.find("first", "ES256")
    own.keys = [SigningKey("second")]
    clock.advance(jwks.STALE_SECONDS)
    with pytest.raises(UnknownKeyError):
        keys.find("first", "ES256")


def test_threads_share_one_fetch(own: Issuer) -> None:
    own.delay_seconds = 0.2
    keys, found = key_set(own), []
    threads = [threading.Thread(target=lambda: found.append(keys.find("first", "ES256"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert own.fetches() == 1


def test_unknown_keys_do_not_hold_all_threads(own: Issuer, clock: Clock) -> None:
    """While a slow issuer is asked, two wait and the others are refused at once; a known key is served."""
    keys = key_set(own)
    keys.find("first", "ES256")
    clock.advance(jwks.PAUSE_SECONDS)
    answered = threading.Event()
    fetch, keys._fetch = keys._fetch, lambda: answered.wait(60) and fetch()
    with ThreadPoolExecutor(8) as threads:
        refused = [threads.submit(keys.find, f"made up {number}", "ES256") for number in range(8)]
        try:
            wait_until(lambda: sum(each.done() for each in refused) == 6, "the refusals")
            assert keys.find("first", "ES256")
            assert all(isinstance(each.exception(), IssuerUnavailableError) for each in refused if each.done())
        finally:
            answered.set()
    assert sum(isinstance(each.exception(), UnknownKeyError) for each in refused) == 2


# -- Away --------------------------------------------------------------------------------------------------------------


def test_while_the_issuer_is_away_known_keys_go_on_and_unknown_ones_cannot_be_told(own: Issuer, clock: Clock) -> None:
    keys = key_set(own)
    keys.find("first", "ES256")
    own.status = 500
    clock.advance(jwks.KEEP_SECONDS)
    assert keys.find("first", "ES256")
    quiet(keys)
    with pytest.raises(IssuerUnavailableError):
        keys.find("second", "ES256")
    clock.advance(1)
    with pytest.raises(IssuerUnavailableError):
        keys.find("first", "ES256")


def test_a_known_key_never_waits_for_the_issuer(own: Issuer, clock: Clock) -> None:
    keys = key_set(own)
    keys.find("first", "ES256")
    own.delay_seconds = 0.3
    clock.advance(jwks.REFRESH_SECONDS)
    started = time.perf_counter()
    assert keys.find("first", "ES256")
    assert time.perf_counter() - started < 0.2
    quiet(keys)


def test_while_the_issuer_hangs_only_the_first_waits(own: Issuer, clock: Clock) -> None:
    keys = key_set(own)
    keys.find("first", "ES256")
    own.delay_seconds, own.status = 0.3, 500
    clock.advance(jwks.STALE_SECONDS)
    assert keys.find("first", "ES256")
    quiet(keys)
    clock.advance(jwks.PAUSE_SECONDS)
    started = time.perf_counter()
    assert keys.find("first", "ES256")
    assert time.perf_counter() - started < 0.2
    quiet(keys)


def test_without_a_key_nobody_waits_for_long(own: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "WAIT_SECONDS", 0.1)
    own.delay_seconds = 0.5
    keys = key_set(own)
    with pytest.raises(IssuerUnavailableError):
        keys.find("first", "ES256")
    quiet(keys)
    assert keys.find("first", "ES256")


def test_what_cannot_be_told_is_503(api: Client, settings, monkeypatch: pytest.MonkeyPatch, own: Issuer) -> None:
    settings.API_AUTH, own.status = "oidc", 500
    monkeypatch.setattr(oidc, "key_set", functools.cache(lambda: key_set(own)))
    answer = api.get("/gadgets", headers=bearer(own.token()))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json() == {"detail": "The token issuer does not answer. Try again shortly."}


# -- Remembered --------------------------------------------------------------------------------------------------------


def test_no_more_tokens_are_remembered_than_there_is_room_for() -> None:
    tokens = VerifiedTokens()
    for number in range(MAX_VERIFIED + 10):
        tokens.add(str(number), Caller(str(number), frozenset()), 60)
    assert len(tokens._entries) == MAX_VERIFIED
    assert tokens.get("0") is None
    assert str(tokens.get(str(MAX_VERIFIED))) == str(MAX_VERIFIED)


def test_a_token_that_was_verified_again_is_the_newest() -> None:
    tokens, caller = VerifiedTokens(), Caller("machine", frozenset())
    for number in [*range(MAX_VERIFIED - 1), 0, -1, -2]:
        tokens.add(str(number), caller, 60)
    assert (tokens.get("0"), tokens.get("1")) == (caller, None)


class SlowTokens(VerifiedTokens):
    """Looks its oldest up slowly: two threads that may both do it find the same."""

    @property
    def _oldest(self) -> Any:
        found = super()._oldest
        time.sleep(0.005)
        return found


def test_threads_that_forget_the_oldest_do_not_forget_it_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MAX_VERIFIED", 1)
    tokens = SlowTokens()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: tokens.add(str(number), Caller("machine", frozenset()), 60), range(8)))
    assert len(tokens._entries) == 1


def test_a_token_is_remembered_for_no_longer_than_it_is_good(
    own: Issuer, secured_by: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secured_by(own.key)
    token, now = own.token(exp=int(time.time()) - 25), time.monotonic()
    oidc.verify(token)
    assert tokens_module.verified.get(token)
    monkeypatch.setattr(tokens_module, "monotonic", lambda: now + 6)
    assert tokens_module.verified.get(token) is None


def test_what_has_ended_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now, tokens, caller = time.monotonic(), VerifiedTokens(), Caller("machine", frozenset())
    tokens.add("ended", caller, 60)
    monkeypatch.setattr(tokens_module, "monotonic", lambda: now + 61)
    tokens.add("new", caller, 60)
    assert [*tokens._entries] == ["new"]


def test_a_token_is_remembered_until_it_expires_and_for_a_minute_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    tokens, caller = VerifiedTokens(), Caller("machine", frozenset())
    tokens.add("short", caller, 5)
    tokens.add("long", caller, 3600)
    monkeypatch.setattr(tokens_module, "monotonic", lambda: now + 6)
    assert (tokens.get("short"), tokens.get("long")) == (None, caller)
    monkeypatch.setattr(tokens_module, "monotonic", lambda: now + 61)
    assert tokens.get("long") is None


# -- A real service ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_service_whose_issuer_comes_and_goes(running_service: Service, own: Issuer) -> None:
    """Started while it is away, then there, then away again, then with another key."""
    own.status = 503
    with Service(running_service.database_url, **own.environment()) as service:
        answer = service.get("/gadgets", headers=bearer(own.token()))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json() == {"detail": "The token issuer does not answer. Try again shortly."}
        assert (service.get("/health").status_code, service.get("/health/ready").status_code) == (200, 200)
        assert any("keys could not be fetched" in line["message"] for line in service.log_lines())

        own.status = 200
        wait_until(lambda: service.get("/gadgets", headers=bearer(own.token())).ok, "the issuer is noticed", 20)

        own.status = 503
        for number in range(20):
            assert service.get("/gadgets", headers=bearer(own.token(sub=f"caller {number}"))).status_code == 200
        new = SigningKey("second")
        wait_until(
            lambda: service.get("/gadgets", headers=bearer(own.token(new))).status_code == 503, "nobody can tell", 20
        )

        own.status, own.keys = 200, [own.key, new]
        wait_until(lambda: service.get("/gadgets", headers=bearer(own.token(new))).ok, "the new key is noticed", 20)
        assert own.requests.count(DISCOVERY) < 10


@pytest.mark.slow
def test_made_up_keys_do_not_slow_the_others_down(running_service: Service, own: Issuer) -> None:
    """With an issuer that takes two seconds for each answer."""
    with Service(running_service.database_url, **own.environment()) as service:
        good = bearer(own.token())
        assert service.get("/gadgets", headers=good).ok
        own.delay_seconds = 2
        stop = time.monotonic() + 8  # A fetch of 3 s, a pause of 5 s.

        def attack(number: int) -> None:
            while time.monotonic() < stop:
                service.get("/gadgets", headers=bearer(own.token(headers={"kid": f"{number} {time.time()}"})))

        attackers = [threading.Thread(target=attack, args=[number]) for number in range(16)]
        for attacker in attackers:
            attacker.start()
        slowest = 0.0
        while time.monotonic() < stop:
            started = time.monotonic()
            assert service.get("/gadgets", headers=good).status_code == 200
            slowest = max(slowest, time.monotonic() - started)
        for attacker in attackers:
            attacker.join()
        assert own.requests.count(DISCOVERY) <= 4
        assert slowest < 1.5  # Who had to wait for the issuer took 2 s.
