"""The sample's resources, one of each shape."""

from __future__ import annotations

from typing import Any

import pytest

from tests.resources.shapes import SHAPES, Post, Shape
from tests.support.client import Client


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    """Each resource in turn."""
    found: Shape = request.param
    return found


@pytest.fixture
def post(api: Client) -> Post:
    """Makes a row."""

    def send(path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = api.post(path, body)
        assert response.status_code == 201, response.content
        made: dict[str, Any] = response.json()
        return made

    return send
