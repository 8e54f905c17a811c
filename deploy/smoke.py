"""Tests the new release through the load balancer."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from deploy.errors import SmokeFailedError, SmokeUnreachableError

REQUEST_SECONDS = 10
PAUSE_SECONDS = 2


class UnreachableError(Exception):
    """No response came."""


class WrongAnswerError(Exception):
    """The response is not the expected one."""


Good = Callable[[int, Any], bool]


def _healthy(status: int, body: Any) -> bool:
    return status == 200 and isinstance(body, dict) and body.get("status") == "healthy"


def _ready(status: int, body: Any) -> bool:
    return status == 200 and isinstance(body, dict) and body.get("status") == "ready"


def _schema(status: int, body: Any) -> bool:
    return status == 200 and isinstance(body, dict) and str(body.get("openapi", "")).startswith("3.")


def _no_error(status: int, body: Any) -> bool:
    return status < 500


#: Path, test of the response, and whether a demand for a bearer token is also good.
CHECKS: tuple[tuple[str, Good, bool], ...] = (
    ("/health", _healthy, False),
    ("/health/ready", _ready, False),
    ("/schema", _schema, True),
)


def smoke_test(base_url: str, *, timeout: float, show: Callable[[str], None]) -> None:
    """Repeats each request until its response is good, for `timeout` seconds in total.

    Raises SmokeUnreachableError when no response came, and SmokeFailedError when the last response was wrong.
    """
    deadline = time.monotonic() + timeout
    answer = None
    for path, good, may_ask in CHECKS:
        answer = _check(base_url.rstrip("/") + path, good, may_ask, deadline)
        show(f"{path} answers well")
    if path := _first_list(answer):
        # This request reads a table with the service's own database role. Any status below 500 is good, because the
        # view may demand a token or parameters.
        _check(base_url.rstrip("/") + path, _no_error, True, deadline)
        show(f"{path} answers well")


def _first_list(schema: Any) -> str:
    """The first path of the schema that has a detail path below it; "" without one, or without a schema."""
    paths: dict[str, Any] = (schema or {}).get("paths", {})
    lists = (path for path in paths if any(other.startswith(f"{path}/{{") for other in paths))
    return next(lists, "")


def _check(url: str, good: Good, may_ask: bool, deadline: float) -> Any:
    """The response's JSON; None when the service demands a token."""
    while True:
        try:
            return _ask(url, good, may_ask)
        except (UnreachableError, WrongAnswerError) as problem:
            if time.monotonic() + PAUSE_SECONDS < deadline:
                time.sleep(PAUSE_SECONDS)
                continue
            raise _failure(url, problem) from None


def _ask(url: str, good: Good, may_ask: bool) -> Any:
    status, challenge, body = _get(url)
    if may_ask and status == 401 and challenge.startswith("Bearer"):
        return None
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not good(status, answer):
        raise WrongAnswerError(f"{status} {body.decode(errors='replace').strip()[:300]}")
    return answer


def _get(url: str) -> tuple[int, str, bytes]:
    """Status, WWW-Authenticate and body."""
    headers = {"Accept": "application/json", "User-Agent": "itemsvc-deploy"}
    try:
        # The URL comes from the stack or from the user.
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as response:  # noqa: S310
            return response.status, "", response.read(5_000_000)
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("WWW-Authenticate", ""), error.read(1000)
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(str(getattr(error, "reason", error))) from None
    except ValueError as error:
        raise UnreachableError(f"not a URL: {error}") from None


def _failure(url: str, problem: Exception) -> SmokeFailedError | SmokeUnreachableError:
    if isinstance(problem, UnreachableError):
        return SmokeUnreachableError(
            f"{url} could not be reached from here: {problem}",
            details=["The new release keeps serving: ECS and the load balancer's health checks found it healthy."],
            hint="Check allowed_cidr_blocks, DNS and certificate, or test another address with --smoke-url.",
        )
    return SmokeFailedError(f"{url} gave a wrong response.", details=[str(problem)])
