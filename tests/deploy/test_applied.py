"""The tags that a plain `terraform apply` keeps."""

from __future__ import annotations

import pytest

from deploy.terraform import Tags
from tests.deploy.local import LocalProject
from tests.deploy.scripted_ecs import ScriptedEcs

pytestmark = pytest.mark.deploy


def applied(project: LocalProject) -> dict[str, str]:
    """The parameters below the path that terraform/service.tf reads."""
    path = "/stand-in/dev/deploy/tags"
    found = project.client("ssm").get_parameters_by_path(Path=path)["Parameters"]
    return {entry["Name"].removeprefix(f"{path}/"): entry["Value"] for entry in found}


def test_they_are_those_of_the_last_apply(deployed: LocalProject) -> None:
    deployed.up("v2").expect(0)
    assert applied(deployed) == {"image_tag": "v2", "migrate_image_tag": "v2"}


def test_a_release_that_failed_is_not_kept(deployed: LocalProject, ecs: ScriptedEcs) -> None:
    ecs.outcomes["v2"] = "wrong"
    deployed.up("v2").expect(50, "Serving now: v1.")
    assert applied(deployed) == {"image_tag": "v1", "migrate_image_tag": "v2"}


def test_nothing_is_left_of_an_environment(deployed: LocalProject) -> None:
    deployed.up("v1").expect(0)
    deployed.deploy("down", "--yes").expect(0)
    assert applied(deployed) == {}


def test_an_apply_without_an_image_says_so() -> None:
    # The parameters may be those of an environment that terraform destroyed.
    assert Tags().arguments() == ["-var", "service_enabled=false"]
    assert Tags("v1").arguments() == ["-var", "image_tag=v1", "-var", "service_enabled=true"]
