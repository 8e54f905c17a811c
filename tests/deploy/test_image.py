"""Building for another architecture than the engine's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy import image
from deploy.errors import BuildError


@pytest.mark.parametrize(("architecture", "hint"), [("X86_64", None), ("ARM64", "emulation")])
def test_a_failed_build_for_another_architecture_says_what_it_needs(
    architecture: str, hint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = tmp_path / "docker"
    engine.write_text('#!/bin/sh\n[ "$1" = version ] && echo amd64 && exit\necho exec format error\nexit 1\n')
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BuildError) as raised:
        image.build(tmp_path, "items:1", architecture=architecture, note=lambda line: None)
    assert raised.value.details == ["exec format error"]
    assert (hint in raised.value.hint) if hint else (raised.value.hint is None)
