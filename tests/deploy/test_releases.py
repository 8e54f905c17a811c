"""The record of releases."""

from __future__ import annotations

import boto3
import pytest

from deploy.releases import Releases
from tests.deploy.scripted_ecs import ScriptedEcs

pytestmark = pytest.mark.deploy

PARAMETER_BYTES = 4096


def test_the_newest_releases_are_kept_and_fit_into_a_parameter(
    ecs: ScriptedEcs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "1" * 300)
    ssm = boto3.client("ssm", region_name="us-east-1")
    releases, tags = Releases(ssm, "/stand-in/kept"), [f"{number:012}-dirty-01234567" for number in range(20)]
    for tag in tags:
        releases.record(tag)
    assert [release.tag for release in releases.read()] == tags[-15:]
    value = ssm.get_parameter(Name="/stand-in/kept/releases")["Parameter"]["Value"]
    assert len(value.encode()) < PARAMETER_BYTES
    releases.forget()
    assert releases.read() == []
