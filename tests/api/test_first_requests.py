"""The first requests after the start. What a library loads at its first use must not fail for several at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.service import Service

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

THREADS = 8
HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/schema", {}), ("/docs", HTML), ("/", {}), ("/gadgets", {}), ("/gadgets", HTML), ("/sample/orders", HTML)],
)
def test_they_may_come_at_once(start_service: Callable[..., Service], path: str, headers: dict[str, str]) -> None:
    service = start_service(GUNICORN_THREADS=str(2 * THREADS))  # Pages have half of them.
    with ThreadPoolExecutor(THREADS) as pool:
        answers = [*pool.map(lambda _: service.get(path, headers=headers), range(THREADS))]
    assert [each.status_code for each in answers] == [200] * THREADS
    assert [line["exception"] for line in service.log_lines() if "exception" in line] == []
