"""A service that asks for tokens, and who issues them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import openapi
from tests.issuer import Issuer
from tests.service import Service


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """One for the whole session, in good health."""
    with Issuer() as running:
        yield running


@pytest.fixture(scope="session")
def secured(running_service: Service, issuer: Issuer) -> Iterator[Service]:
    """A service that asks for that issuer's tokens, on the database of the one that does not."""
    with Service(running_service.database_url, **issuer.environment()) as service:
        service.schema = openapi.Schema(service.get("/schema", headers=bearer(issuer.token())).json())
        yield service


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {token}"}
