"""What is public at /static/: what pages need, and nothing that only developers need."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.service import Service


def test_neither_the_list_of_the_files_nor_the_sources_of_scripts_are_public(running_service: Service) -> None:
    root = Path(os.environ["STATIC_ROOT"])
    private = [root / "staticfiles.json", *root.rglob("*.map"), *root.rglob("*.map.gz")]
    public = [*root.rglob("swagger-ui-bundle.*.js"), *root.rglob("bootstrap.min.*.css")]
    assert len(private) > 8
    assert len(public) >= 2
    for status, files in ((404, private), (200, public)):
        for file in files:
            assert running_service.get(f"/static/{file.relative_to(root)}").status_code == status, file
