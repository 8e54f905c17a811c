"""Twenty seconds of the soak: nothing fails, nothing grows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.soak import MIX, Soak
from tests.service import Service


@pytest.mark.slow
def test_a_short_soak_holds(serve: Callable[..., Service]) -> None:
    service = serve()
    service.manage("seed", "2000", check=True)
    soak = Soak(service, pause=0.05)
    soak.run(20, show=False)
    result = soak.verdict()
    assert result["faults"] == []
    assert set(result["by_kind"]) == set(MIX)
