"""A short soak test finds a leak, and finds none in the service."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.conftest import Database
from tests.faults.load import fill
from tests.faults.soak import MIB, Sample, Soak, is_constant
from tests.support.service import Service

# After so few requests a process is not warm, so only a large leak shows.
SHORT = {"warm_up": 1_500, "growth_mib": 8.0}
LEAKED_BYTES = 15_000


class Leaking(Service):
    """A service with a memory leak."""

    command = (*Service.command, "tests.faults.leaking:application")


def soaked(service: Service) -> dict:
    fill(service, 2_000)
    soak = Soak(service, **SHORT)
    soak.run(120, show=False, enough=3 * soak.warm_up)
    return soak.verdict()


@pytest.mark.slow
def test_a_short_soak_holds(serve: Callable[..., Service]) -> None:
    result = soaked(serve())
    assert result["faults"] == []
    assert all(result["by_kind"].values())


@pytest.mark.slow
def test_a_leak_is_found(database: Database) -> None:
    with Leaking(database.url, LEAKED_BYTES=str(LEAKED_BYTES)) as service:
        faults = soaked(service)["faults"]
    assert len(faults) == 1
    assert "memory grew" in faults[0]


def samples(leaked_bytes: int, steps: tuple[int, ...] = ()) -> list[Sample]:
    """Samples of ten minutes with 400 requests per second. A heap grows by 1 MiB after each number of ``steps``."""
    return [
        Sample(
            second, done := second * 400, 70 * MIB + leaked_bytes * done + MIB * sum(done > at for at in steps), 20, 4
        )
        for second in range(150, 600)
    ]


def judged(samples: list[Sample]) -> list[str]:
    return Soak(Service("postgres://nobody@localhost/none"), samples=samples).verdict()["faults"]


def test_a_heap_that_grows_in_a_step_is_no_leak() -> None:
    assert judged(samples(0)) == []
    assert judged(samples(0, steps=(80_000, 150_000))) == []


def test_a_hundred_bytes_of_each_request_are_a_leak() -> None:
    assert "memory grew by 17.1 MiB in 179,600 requests" in judged(samples(100))[0]


def test_too_few_requests_are_no_verdict() -> None:
    assert "too few" in judged(samples(0)[:100])[0]


@pytest.mark.parametrize(
    ("connections", "constant"),
    [
        ([4] * 300, True),
        ([4] * 150 + [3] + [4] * 149, True),
        ([4] * 150 + [5] + [4] * 149, False),
        ([4] * 200 + [3] * 100, False),
        ([4] * 250 + [0] * 50, False),
    ],
)
def test_connections_may_be_renewed_but_not_leak_or_go(connections: list[int], constant: bool) -> None:
    assert is_constant(connections) is constant
