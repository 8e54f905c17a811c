"""Asking the new release, through the load balancer, whether it works."""

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
    """Nobody answered at all."""


class WrongAnswerError(Exception):
    """Somebody answered, but not as the release should."""


Good = Callable[[int, Any], bool]


def _healthy(status: int, body: Any) -> bool:
    return status == 200 and isinstance(body, dict) and body.get("status") == "healthy"


def _ready(status: int, body: Any) -> bool:
    return status == 200 and isinstance(body, dict) and body.get("status") == "ready"


def _schema(status: int, body: Any) -> bool:
    return status == 200 and isinstance(body, dict) and str(body.get("openapi", "")).startswith("3.")


def _no_error(status: int, body: Any) -> bool:
    return status < 500


#: Path, what its answer must be, and whether the service may ask for a bearer token instead.
CHECKS: tuple[tuple[str, Good, bool], ...] = (
    ("/health", _healthy, False),
    ("/health/ready", _ready, False),
    ("/schema", _schema, True),
)


def smoke_test(base_url: str, *, timeout: float, show: Callable[[str], None]) -> None:
    """Repeats each request until it is answered well, `timeout` seconds in all.

    Raises SmokeUnreachableError when nobody answered, SmokeFailedError with the last answer otherwise.
    """
    deadline = time.monotonic() + timeout
    answer = None
    for path, good, may_ask in CHECKS:
        answer = _check(base_url.rstrip("/") + path, good, may_ask, deadline)
        show(f"{path} answers well")
    if path := _first_list(answer):
        # It reads a table, as the service's own role. Whom it lets in, and with what parameters, is its own affair.
        _check(base_url.rstrip("/") + path, _no_error, True, deadline)
        show(f"{path} answers well")


def _first_list(schema: Any) -> str:
    """The path of the schema's first list of rows, which are below it; "" where it has none, or nobody saw it."""
    paths: dict[str, Any] = (schema or {}).get("paths", {})
    lists = (path for path in paths if any(other.startswith(f"{path}/{{") for other in paths))
    return next(lists, "")


def _check(url: str, good: Good, may_ask: bool, deadline: float) -> Any:
    """The answer's JSON; None where the service asks for a token."""
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
        # The URL is the stack's own or the user's.
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
            details=["ECS and the load balancer's own health checks found the new release healthy; it keeps serving."],
            hint="Check allowed_cidr_blocks, DNS and certificate; --smoke-url names another address to ask.",
        )
    return SmokeFailedError(f"{url} answered wrongly.", details=[str(problem)])
