"""An attacker's list of tokens, tried from outside: what a real service, with a real issuer, answers to each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from tests.support.issuer import AUDIENCE, Issuer, SigningKey, bearer
from tests.support.service import Service, wait_until

WRONG_KEY = "The token's key is not one of the issuer's keys."
ALGORITHM = "The token's algorithm is not accepted."
KIND = "The token is not an access token."
MALFORMED = "The token is malformed."
FORGED = "The token's signature does not match."
AUDIENCES = "The token is for another audience."
EARLY = "The token is not valid yet."
NOBODY = "The token has no valid subject."
LACKS = "The token lacks a required claim."


def encoded(part: Any) -> str:
    """Base64url of the part, or of its JSON."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header: Any, claims: Any, signature: bytes = b"x" * 64) -> str:
    """A token that no library would make."""
    return f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}"


def symmetric(issuer: Issuer, secret: bytes, algorithm: str = "HS256") -> str:
    """Signed with what everybody knows, in the hope that it is taken for a secret."""
    body = f"{encoded({'alg': algorithm, 'kid': issuer.key.kid})}.{encoded(issuer.claims())}"
    return f"{body}.{encoded(hmac.digest(secret, body.encode(), hashlib.sha256))}"


def pem(issuer: Issuer) -> bytes:
    """The issuer's public key, as a file."""
    return issuer.key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def spliced(issuer: Issuer) -> str:
    """The claims of one token under the signature of another."""
    head, _, signature = issuer.token(scope="gadgets:read").split(".")
    return f"{head}.{encoded(issuer.claims(sub='admin'))}.{signature}"


def from_now(seconds: int) -> int:
    return int(time.time()) + seconds


def padded(issuer: Issuer, size: int) -> str:
    """A good token of so many bytes, or a few more."""
    return next(token for n in range(size) if len(token := issuer.token(padding="x" * n)) >= size)


STRANGER = SigningKey("first")
Mint = Callable[[Issuer], str]

INVALID: dict[str, tuple[Mint, str]] = {
    # Signatures
    "alg none": (lambda i: by_hand({"alg": "none", "kid": "first"}, i.claims(), b""), MALFORMED),
    "alg none with a signature": (lambda i: by_hand({"alg": "none", "kid": "first"}, i.claims()), ALGORITHM),
    "alg NoNe": (lambda i: by_hand({"alg": "NoNe", "kid": "first"}, i.claims()), ALGORITHM),
    "no alg": (lambda i: by_hand({"kid": "first"}, i.claims()), ALGORITHM),
    "alg a number": (lambda i: by_hand({"alg": 256, "kid": "first"}, i.claims()), ALGORITHM),
    "alg a list": (lambda i: by_hand({"alg": ["ES256"], "kid": "first"}, i.claims()), ALGORITHM),
    "HS256 with the public key as a file": (lambda i: symmetric(i, pem(i)), ALGORITHM),
    "HS256 with the public key as a JWK": (lambda i: symmetric(i, json.dumps(i.key.jwk).encode()), ALGORITHM),
    "HS512 with nothing": (lambda i: symmetric(i, b"", "HS512"), ALGORITHM),
    "RS256 claimed of an EC key": (lambda i: by_hand({"alg": "RS256", "kid": "first"}, i.claims()), WRONG_KEY),
    "ES256K": (lambda i: by_hand({"alg": "ES256K", "kid": "first"}, i.claims()), ALGORITHM),
    "another's key under the issuer's id": (lambda i: i.token(STRANGER), FORGED),
    "another token's signature": (spliced, FORGED),
    "a signature of zeros": (lambda i: by_hand({"alg": "ES256", "kid": "first"}, i.claims(), bytes(64)), FORGED),
    "a signature too short": (lambda i: by_hand({"alg": "ES256", "kid": "first"}, i.claims(), b"x"), FORGED),
    # Keys
    "an unknown key": (lambda i: i.token(headers={"kid": "second"}), WRONG_KEY),
    "a path for a key": (lambda i: i.token(headers={"kid": "../../../../dev/null"}), WRONG_KEY),
    "a statement for a key": (lambda i: i.token(headers={"kid": "' OR 1=1 --"}), WRONG_KEY),
    "an empty key": (lambda i: i.token(headers={"kid": ""}), "The token does not name its key."),
    "a number for a key": (lambda i: by_hand({"alg": "ES256", "kid": 1}, i.claims()), MALFORMED),
    "a key brought along": (lambda i: i.token(STRANGER, {"jwk": STRANGER.jwk}), FORGED),
    "an address of keys brought along": (
        lambda i: i.token(STRANGER, {"kid": "x", "jku": f"{i.url}/brought", "x5u": f"{i.url}/brought"}),
        WRONG_KEY,
    ),
    "a certificate brought along": (lambda i: i.token(STRANGER, {"x5c": ["MIIB"]}), FORGED),
    # Kinds
    "a critical extension": (lambda i: i.token(headers={"crit": ["exp"], "exp": 1}), MALFORMED),
    "an unencoded payload": (
        lambda i: by_hand({"alg": "ES256", "kid": "first", "b64": False, "crit": ["b64"]}, i.claims()),
        MALFORMED,
    ),
    "a logout token": (lambda i: i.token(headers={"typ": "logout+jwt"}), KIND),
    "Cognito's identity token": (lambda i: i.token(token_use="id"), KIND),
    "a token bound to a key of its holder's": (lambda i: i.token(cnf={"jkt": "x"}), KIND),
    # Claims
    "expired": (lambda i: i.token(exp=from_now(-31)), "The token has expired."),
    "expired in 1970": (lambda i: i.token(exp=True), "The token has expired."),
    "no expiry": (lambda i: i.token(exp=None), LACKS),
    "another audience, with scopes that look like Cognito's": (
        lambda i: i.token(aud="other", token_use="access", scope=f"{AUDIENCE}/gadgets:read"),
        AUDIENCES,
    ),
    "an expiry that is no number": (lambda i: i.token(exp="never"), MALFORMED),
    "an expiry beyond all numbers": (lambda i: i.token(exp=float("inf")), MALFORMED),
    "an expiry that is a list": (lambda i: i.token(exp=[from_now(60)]), MALFORMED),
    "not yet valid": (lambda i: i.token(nbf=from_now(60)), EARLY),
    "issued in the future": (lambda i: i.token(iat=from_now(60)), EARLY),
    "another issuer": (lambda i: i.token(iss="https://evil.example"), "The token has another issuer."),
    "the issuer with a slash": (lambda i: i.token(iss=i.url + "/"), "The token has another issuer."),
    "no issuer": (lambda i: i.token(iss=None), LACKS),
    "another audience": (lambda i: i.token(aud="other"), AUDIENCES),
    "a longer audience": (lambda i: i.token(aud=AUDIENCE + "2"), AUDIENCES),
    "other audiences": (lambda i: i.token(aud=["other", "else"]), AUDIENCES),
    "an audience that is an object": (lambda i: i.token(aud={AUDIENCE: 1}), AUDIENCES),
    "no audience": (lambda i: i.token(aud=None), AUDIENCES),
    "no audience, and a scope that looks like Cognito's": (
        lambda i: i.token(aud=None, scope=f"{AUDIENCE}/gadgets:read"),
        AUDIENCES,
    ),
    "Cognito's, for another resource server": (
        lambda i: i.token(aud=None, token_use="access", scope="billing/gadgets:read"),
        AUDIENCES,
    ),
    "Cognito's, for none": (lambda i: i.token(aud=None, token_use="access", scope="openid"), AUDIENCES),
    "nobody's": (lambda i: i.token(sub=None), NOBODY),
    "somebody with a line break": (lambda i: i.token(sub="a\nb"), NOBODY),
    "somebody with a NUL": (lambda i: i.token(sub="a\0b"), NOBODY),
    "somebody of 256 characters": (lambda i: i.token(sub="a" * 256), NOBODY),
    # Forms
    "no token": (lambda i: "", MALFORMED),
    "a word": (lambda i: "token", MALFORMED),
    "two dots": (lambda i: "..", MALFORMED),
    "five parts": (lambda i: "a.b.c.d.e", MALFORMED),
    "two tokens": (lambda i: f"{i.token()} {i.token()}", MALFORMED),
    "a token, then another": (lambda i: f"{i.token()},{i.token()}", MALFORMED),
    "padding": (lambda i: i.token() + "==", MALFORMED),
    "a header that is no JSON": (lambda i: f"{encoded(b'{')}.{encoded(i.claims())}.x1", MALFORMED),
    "a header that is a list": (lambda i: by_hand([], i.claims()), MALFORMED),
    "a header of 1,900 levels": (lambda i: f"{encoded(b'[' * 1900)}.e30.x1", MALFORMED),
    "a header of other bytes": (lambda i: by_hand(b"\xff\xfe\x00", i.claims()), MALFORMED),
    "7,999 dots": (lambda i: "." * 7999, MALFORMED),
    "more than 8,000 bytes": (lambda i: padded(i, 8001), MALFORMED),
}


@pytest.mark.parametrize("what", INVALID)
def test_a_token_that_is_refused(secured: Service, issuer: Issuer, what: str) -> None:
    mint, problem = INVALID[what]
    response = secured.get("/gadgets", headers=bearer(mint(issuer)))
    assert (response.status_code, response.json()) == (401, {"detail": problem})
    challenge = f'Bearer realm="itemsvc", error="invalid_token", error_description="{problem}"'
    assert response.headers["WWW-Authenticate"] == challenge


ACCEPTED: dict[str, Mint] = {
    "as it should be": lambda i: i.token(),
    "expired within the leeway": lambda i: i.token(exp=from_now(-25)),
    "not yet valid within the leeway": lambda i: i.token(nbf=from_now(25), iat=from_now(25)),
    "typed": lambda i: i.token(headers={"typ": "at+JWT"}),
    "one of several audiences": lambda i: i.token(aud=["other", AUDIENCE]),
    "scopes in scp, a list": lambda i: i.token(scope=None, scp=["gadgets:read"]),
    "scopes in scp, a text": lambda i: i.token(scope=None, scp="openid gadgets:read"),
    "scopes under the audience": lambda i: i.token(scope=f"{AUDIENCE}/gadgets:read"),
    "Cognito's access token": lambda i: i.token(aud=None, token_use="access", scope=f"{AUDIENCE}/gadgets:read"),
    "only a client id": lambda i: i.token(sub=None, client_id="machine"),
    "nearly 8,000 bytes": lambda i: padded(i, 7990),
    "without nbf and iat": lambda i: i.token(nbf=None, iat=None),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_a_token_that_is_good(secured: Service, issuer: Issuer, what: str) -> None:
    assert secured.get("/gadgets", headers=bearer(ACCEPTED[what](issuer))).status_code == 200


@pytest.mark.parametrize(
    "scope",
    ["", "openid", "GADGETS:READ", "gadgets:readall", "gadgets", "other/gadgets:read", "/gadgets:read",
     "//gadgets:read", f"{AUDIENCE}/x/gadgets:read", f"{AUDIENCE}gadgets:read", ["gadgets:read"], 5,
     {"gadgets:read": 1}, "gadgets:write"],
)  # fmt: skip
def test_reading_needs_its_scope(secured: Service, issuer: Issuer, scope: Any) -> None:
    # A list is none of the forms of `scope`; but where `scp` may be one, it is taken here as well.
    response = secured.get("/gadgets", headers=bearer(issuer.token(scope=scope)))
    if scope == ["gadgets:read"]:
        assert response.status_code == 200
        return
    assert response.status_code == 403
    assert response.json() == {"detail": "The token lacks the scope gadgets:read."}
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="itemsvc", error="insufficient_scope", '
        'error_description="The token lacks the scope gadgets:read.", scope="gadgets:read"'
    )


def test_writing_needs_its_own(service: Service, secured: Service, issuer: Issuer) -> None:
    path = service.post("/gadgets", json={"name": "kept"}).headers["Location"].removeprefix(service.url)
    reader, writer = (bearer(issuer.token(scope=f"gadgets:{verb}")) for verb in ("read", "write"))
    body = {"name": "changed"}
    for method, where in [("HEAD", "/gadgets"), ("OPTIONS", path)]:
        assert secured.request(method, where, headers=reader).status_code == 200
        assert secured.request(method, where, headers=writer).status_code == 403
    for method, where in [("POST", "/gadgets"), ("PUT", path), ("PATCH", path), ("DELETE", path)]:
        assert secured.request(method, where, json=body, headers=reader).status_code == 403
    assert secured.get(path, headers=reader).json()["name"] == "kept"
    assert secured.get(path, headers=writer).status_code == 403
    assert secured.request("PATCH", path, json=body, headers=writer).status_code == 200
    assert secured.request("DELETE", path, headers=writer).status_code == 204


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "path",
    ["/gadgets", "/gadgets/", "//gadgets", "/gadgets/01a20345-2a68-71e7-8885-ffb9c4503ab4", "/schema",
     "/nothing", "/health/ready/more", "/health/../gadgets", "/health/ready/../../gadgets", "/health%2f..%2fgadgets",
     "/HEALTH/READY", "/static/nothing", "/static/../gadgets", "/gadgets;/health/ready",
     "/gadgets?/health", "/administration"],
)  # fmt: skip
def test_no_path_and_no_method_tells_more_than_401(secured: Service, method: str, path: str) -> None:
    answer = secured.raw(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 "), answer
    assert b'\r\nWWW-Authenticate: Bearer realm="itemsvc"\r\n' in head
    assert body == (b"" if method == "HEAD" else b'{"detail":"A bearer token is required."}')


def test_the_root_and_the_health_checks_need_no_token_and_mind_none(secured: Service) -> None:
    for path in ("/", "/docs", "/favicon.ico", "/health", "/health/", "/health/ready", "/health/ready/"):
        assert secured.get(path).status_code == 200
        assert secured.get(path, headers=bearer("rubbish")).status_code == 200


def test_with_a_token_paths_and_methods_are_told_apart(secured: Service, issuer: Issuer) -> None:
    headers = bearer(issuer.token())
    assert secured.get("/nothing", headers=headers).status_code == 404
    assert secured.request("DELETE", "/gadgets", headers=headers).status_code == 405
    assert secured.request("OPTIONS", "/gadgets", headers=headers).status_code == 200


@pytest.mark.parametrize("form", ["Bearer  {}", "bearer {}", "BEARER {}"])
def test_the_schemes_case_and_spaces_do_not_matter(secured: Service, issuer: Issuer, form: str) -> None:
    assert secured.get("/gadgets", headers={"Authorization": form.format(issuer.token())}).status_code == 200


@pytest.mark.parametrize("value", ["Basic YTpi", "Token {}", "{}", "Bearer", "Bearer:{}", "DPoP {}", "", "Bearer\t{}"])
def test_another_scheme_is_no_token(secured: Service, issuer: Issuer, value: str) -> None:
    response = secured.get("/gadgets", headers={"Authorization": value.format(issuer.token())})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="itemsvc"')


def test_a_token_elsewhere_is_none(secured: Service, issuer: Issuer) -> None:
    token = issuer.token()
    assert secured.get(f"/gadgets?access_token={token}").status_code == 401
    assert (
        secured.get("/gadgets", cookies={"Authorization": f"Bearer {token}", "access_token": token}).status_code == 401
    )
    form = {"access_token": token}
    assert secured.post("/gadgets", data=form).status_code == 401
    for header in ("X-Authorization", "Proxy-Authorization", "X-Forwarded-Authorization", "Itemsvc.Caller"):
        assert secured.get("/gadgets", headers={header: f"Bearer {token}"}).status_code == 401


def test_two_authorization_headers_are_none(secured: Service, issuer: Issuer) -> None:
    line = f"Authorization: Bearer {issuer.token()}\r\n"
    answer = secured.raw(f"GET /gadgets HTTP/1.1\r\nHost: localhost\r\n{line}{line}Connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_a_header_larger_than_gunicorn_takes_is_refused_before(secured: Service) -> None:
    answer = secured.raw(
        b"GET /gadgets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + b"x" * 9000 + b"\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'{"detail":' in answer


def test_a_session_of_the_admin_opens_nothing(secured: Service) -> None:
    assert secured.get("/gadgets", cookies={"sessionid": "x" * 32, "csrftoken": "x" * 32}).status_code == 401


@pytest.mark.django_db
@pytest.mark.usefixtures("admin_enabled")
@pytest.mark.parametrize(("path", "status"), [("/admin", 302), ("/admin/", 302), ("/admin2", 401), ("/adm", 401)])
def test_the_admin_and_nothing_beside_it_needs_no_token(settings: Any, client: Client, path: str, status: int) -> None:
    settings.API_AUTH = "oidc"
    assert client.get(path).status_code == status


@pytest.mark.slow
def test_the_admin_has_its_own_login_and_opens_nothing_else(running_service: Service, issuer: Issuer) -> None:
    with Service(running_service.database_url, ADMIN_ENABLED="true", **issuer.environment()) as service:
        assert service.get("/admin/login/").status_code == 200
        assert service.get("/admin/", allow_redirects=False).status_code == 302
        for path in ("/gadgets", "/schema", "/administration", "/admin2/login"):
            assert service.get(path).status_code == 401
        answer = service.raw(b"GET /admin/../gadgets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"200 OK" not in answer.split(b"\r\n")[0]


def test_the_log_has_no_token(secured: Service, issuer: Issuer) -> None:
    token = issuer.token(sub="not-for-the-log")
    secured.get("/gadgets", headers=bearer(token))
    secured.get("/gadgets", headers=bearer(token + "x"))
    assert token.split(".")[2][:20] not in secured.log.read_text()


def test_no_answer_was_an_error_of_the_service(secured: Service) -> None:
    """Last: nothing above was a 5xx or left a traceback. Other processes may have run a part of it."""
    secured.get("/gadgets", headers=bearer("x"))
    wait_until(lambda: any(line.get("status") == 401 for line in secured.log_lines()), "the refusal is in the log")
    lines = secured.log_lines()
    assert [line for line in lines if line["level"] in ("ERROR", "CRITICAL") or line.get("status", 0) >= 500] == []
    assert not re.search("Traceback", secured.log.read_text())


def test_the_issuer_was_asked_for_nothing_that_a_token_named(issuer: Issuer) -> None:
    assert "/brought" not in issuer.requests


def test_pyjwt_still_signs_what_this_table_means(issuer: Issuer) -> None:
    """The refusals above are worth something only if the same token is good without its fault."""
    assert jwt.decode(issuer.token(), issuer.key.private.public_key(), ["ES256"], audience=AUDIENCE)["sub"] == "machine"
