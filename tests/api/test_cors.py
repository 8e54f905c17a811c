"""CORS_ALLOWED_ORIGINS: pages of those origins may call the API, and read its errors too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from itemsvc.core.env import Env
from tests.support.issuer import Issuer, bearer
from tests.support.service import Service

APP = "https://app.example.com"
#: What a browser asks before a request that a plain form could not send.
PREFLIGHT = {
    "Origin": APP,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,if-match,if-none-match,x-request-id",
}


@pytest.fixture(scope="module")
def shared(migrated_database: Callable[[str], str], issuer: Issuer) -> Iterator[Service]:
    """A service that asks for tokens, admits one request a day, and is open to one origin's pages."""
    environment = issuer.environment(CORS_ALLOWED_ORIGINS=f"{APP}, http://localhost:3000", RATE_LIMIT="1/day")
    with Service(migrated_database("cors"), **environment) as service:
        yield service


def words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",")}


def test_a_preflight_needs_no_token_and_no_permit(shared: Service) -> None:
    for _ in range(3):
        response = shared.request("OPTIONS", "/schema", headers=PREFLIGHT)
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["Access-Control-Allow-Origin"] == APP
        assert words(PREFLIGHT["Access-Control-Request-Headers"]) == words(
            response.headers["Access-Control-Allow-Headers"]
        )
        assert {"patch", "put", "delete"} <= words(response.headers["Access-Control-Allow-Methods"])
        assert response.headers["X-Request-ID"]


def test_another_origin_is_let_in_nowhere(shared: Service) -> None:
    for origin in ("https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", "null"):
        preflight = shared.request("OPTIONS", "/schema", headers=PREFLIGHT | {"Origin": origin})
        request = shared.get("/nowhere", headers={"Origin": origin})
        for response in (preflight, request):
            assert "Access-Control-Allow-Origin" not in response.headers
            assert "origin" in words(response.headers["Vary"])


def test_answers_of_all_kinds_can_be_read(shared: Service, issuer: Issuer) -> None:
    origin = {"Origin": APP}
    of_two = [origin | bearer(issuer.token(sub=subject)) for subject in ("one", "two")]
    answers = {
        200: shared.get("/schema", headers=of_two[0]),
        429: shared.get("/schema", headers=of_two[0]),
        404: shared.get("/nowhere", headers=of_two[0]),
        401: shared.get("/schema", headers=origin),
        405: shared.request("PUT", "/health", headers=origin),
        400: shared.get("/schema", headers=of_two[1] | {"Host": "evil.example"}),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    for answer in (answers[status] for status in answers if status != 405):
        assert answer.headers["Access-Control-Allow-Origin"] == APP
        assert words(answer.headers["Access-Control-Expose-Headers"]) == {
            *("etag", "idempotency-replayed", "link", "location", "retry-after", "x-request-id")
        }
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.slow
def test_503_can_be_read(migrated_database: Callable[[str], str]) -> None:
    with Issuer() as away:
        away.status = 500
        environment = away.environment(CORS_ALLOWED_ORIGINS=APP)
        with Service(migrated_database("cors_503"), **environment) as service:
            response = service.get("/schema", headers={"Origin": APP} | bearer(away.token()))
    assert response.status_code == 503
    assert response.headers["Access-Control-Allow-Origin"] == APP
    assert "retry-after" in words(response.headers["Access-Control-Expose-Headers"])


def test_the_front_door_is_closed_and_says_so(shared: Service, running_service: Service) -> None:
    said = [line["message"] for line in shared.log_lines() if "front door is closed" in line["message"]]
    assert len(said) == 1
    assert "corsheaders.middleware.CorsMiddleware" in said[0]


def test_without_it_no_origin_is_named(running_service: Service) -> None:
    preflight = running_service.request("OPTIONS", "/schema", headers=PREFLIGHT)
    answer = running_service.get("/schema", headers={"Origin": APP})
    for response in (preflight, answer):
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "https://app.example.com:8443",
        "http://localhost:3000",
        "http://127.0.0.1:8000",
        "http://[::1]:3000",
        "http://my_host.internal:443",
    ],
)
def test_an_origin_is_scheme_host_and_port(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f" {origin} ,https://b.example")
    assert Env().origins("CORS_ALLOWED_ORIGINS") == [origin, "https://b.example"]


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "null", "app.example.com", "https://", "https://app.example.com/", "https://app.example.com/path"),
        *("https://*.example.com", "https://App.example.com", "ftp://app.example.com", "https://a.example:port"),
        *("https://app.example.com:443", "http://app.example.com:80", "https://a.example:99999", "https://u@a.example"),
    ],
)
def test_what_no_browser_sends_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"https://good.example,{origin}")
    with pytest.raises(SystemExit) as refused:
        Env().origins("CORS_ALLOWED_ORIGINS")
    assert str(refused.value) == (
        f"itemsvc: CORS_ALLOWED_ORIGINS has {origin!r}, which is not an origin: "
        "write https://HOST or https://HOST:PORT."
    )
