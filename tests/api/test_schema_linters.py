"""`make lint` finds what is wrong with the OpenAPI document by two linters, each of which reads it in its own way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev import lint, openapi
from dev.lint import SKIPPED
from tests.support.openapi import Schema

pytestmark = pytest.mark.slow


@pytest.fixture
def findings(tmp_path: Path, schema: Schema) -> Callable[[str, dict[str, Any]], str]:
    """A function that returns what a linter finds in the document with other members of `GET /gadgets`."""
    if not openapi.COMMANDS.is_dir():
        pytest.skip(f"Spectral and Redocly are missing: {openapi.NOT_RUN}")

    def find(linter: str, members: dict[str, Any]) -> str:
        document = json.loads(json.dumps(schema.document))
        document["paths"]["/gadgets"]["get"] |= members
        path = tmp_path / "document.json"
        path.write_text(json.dumps(document))
        return openapi.findings(linter, [path])

    return find


@pytest.mark.parametrize("linter", openapi.LINTERS)
def test_a_document_without_faults_passes(findings: Callable[..., str], linter: str) -> None:
    assert findings(linter, {}) == ""


@pytest.mark.parametrize(
    ("linter", "members", "rule"),
    [
        ("Spectral", {"tags": ["undeclared"]}, "operation-tag-defined"),
        ("Spectral", {"operationId": "gadgets_create"}, "operation-operationId-unique"),
        ("Redocly", {"operationId": "gadgets_create"}, "operation-operationId-unique"),
        ("Redocly", {"responses": {"200": {"$ref": "#/components/responses/Lost"}}}, "no-unresolved-refs"),
    ],
)
def test_a_fault_is_found(findings: Callable[..., str], linter: str, members: dict[str, Any], rule: str) -> None:
    assert rule in findings(linter, members)


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("false", SKIPPED)])
def test_without_node_it_says_what_to_install(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, ci: str, code: int
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(openapi, "COMMANDS", tmp_path / "missing")
    monkeypatch.setattr(openapi, "generate", lambda document: "")
    assert openapi.main() == code
    assert capsys.readouterr().out == f"{openapi.NOT_RUN}\n"
    assert "schema" in {check.name for check in lint.CHECKS}
