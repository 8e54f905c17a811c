"""The command line, the tools that it needs, and the AWS credentials that it uses."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.cli import main
from deploy.errors import all_errors
from tests.deploy.gateway import FaultError, Gateway
from tests.deploy.local import LocalProject
from tests.deploy.project import ROOT, Run

pytestmark = pytest.mark.deploy


def fault(code: str, message: str = "no") -> Any:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise FaultError(code, message, 403)

    return answer


def command(*arguments: str) -> Run:
    result = subprocess.run(
        [sys.executable, "-m", "deploy", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return Run(result.returncode, result.stdout + result.stderr)


def path_without(name: str, directory: Path) -> str:
    """A PATH with every command that a deploy uses, except one."""
    for tool in {"git", "terraform", "docker", "python3", "sh"} - {name}:
        found = shutil.which(tool)
        if found:
            (directory / tool).symlink_to(found)
    return str(directory)


def test_help_lists_every_exit_code() -> None:
    shown = command("--help").expect(0).output
    for kind in all_errors():
        assert re.search(rf"^ +{kind.exit_code}  {re.escape(kind.meaning)}$", shown, re.MULTILINE)


def test_exit_codes_differ() -> None:
    codes = [kind.exit_code for kind in all_errors()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "arguments",
    [[], ["sideways"], ["run"], ["rollback", "not/a/tag"], ["up", "--poll", "often"], ["run", "--env", "X", "--", "a"]],
)
def test_a_wrong_command_line(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.parametrize("tool", ["terraform", "docker", "git"])
def test_a_missing_tool(project: LocalProject, tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", path_without(tool, tools))
    if tool == "terraform":
        project.deploy("status").expect(10, "terraform is not on PATH.", "Install Terraform")
    elif shutil.which("docker") or tool == "docker":
        project.deploy("up").expect(10, f"{tool} is not on PATH.")


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not on PATH")
def test_the_engine_is_down(project: LocalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    project.deploy("up").expect(10, "The Docker engine does not respond.", "Serving now: nothing.")


def test_no_checkout(project: LocalProject) -> None:
    shutil.rmtree(project.app / ".git")
    project.deploy("up").expect(13, "Git found no commit to deploy.")


def test_no_such_environment(project: LocalProject) -> None:
    project.deploy("up", "-e", "moon", "--image-tag", "v1").expect(
        12, "no environment 'moon'", "Known environments: dev."
    )


@pytest.mark.parametrize("name", ["status", "migrate", "rollback", "logs"])
def test_not_deployed_yet(project: LocalProject, name: str) -> None:
    project.deploy(name).expect(12, "Environment 'dev' is not deployed yet.", "python -m deploy up --environment dev")


def test_deployed_without_an_image(project: LocalProject) -> None:
    project.create()
    project.deploy("migrate").expect(12, "has no image yet")
    project.deploy("rollback").expect(12, "No release was ever rolled out here")
    project.deploy("status").expect(0, "serving      nothing")


def test_the_state_of_another_environment(deployed: LocalProject) -> None:
    deployed.write_variables("prod")
    state = deployed.terraform / "terraform.tfstate.d" / "prod" / "terraform.tfstate"
    state.parent.mkdir(parents=True)
    shutil.copy(deployed.terraform / "terraform.tfstate", state)
    deployed.deploy("up", "-e", "prod", "--image-tag", "v1").expect(12, "belongs to environment 'dev', not 'prod'")


def test_an_image_that_the_registry_has_not(deployed: LocalProject) -> None:
    deployed.deploy("up", "--image-tag", "v9").expect(32, "The registry has no image v9.", "Serving now: v1.")


def test_no_credentials(project: LocalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    project.deploy("up", "--image-tag", "v1").expect(11, "No usable AWS credentials", "aws sso login")


def test_no_credentials_for_the_state(project: LocalProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    back_end = 'bucket = "our-state"\n    key = "state"\n    region = "us-east-1"'
    (project.terraform / "backend.tf").write_text(f'terraform {{\n  backend "s3" {{\n    {back_end}\n  }}\n}}\n')
    project.deploy("status").expect(11, "terraform init got no usable AWS credentials", "aws sso login")


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_refused_credentials(project: LocalProject, gateway: Gateway, code: str) -> None:
    gateway.answers["GetCallerIdentity"] = fault(code, "The security token included in the request is expired")
    project.deploy("up", "--image-tag", "v1").expect(11, f"AWS refused the credentials ({code})", "Sign in again")


def test_credentials_that_expire_on_the_way(deployed: LocalProject, gateway: Gateway) -> None:
    gateway.answers["RunTask"] = fault("ExpiredTokenException")
    deployed.deploy("migrate").expect(11, "AWS refused the credentials (ExpiredTokenException)")


def test_another_account(deployed: LocalProject, gateway: Gateway) -> None:
    account = "<GetCallerIdentityResult><Account>111111111111</Account></GetCallerIdentityResult>"
    gateway.raw["GetCallerIdentity"] = f"<GetCallerIdentityResponse>{account}</GetCallerIdentityResponse>".encode()
    deployed.deploy("migrate").expect(11, "to account 111111111111", "is in 000000000000")


@pytest.mark.parametrize("command", ["up", "status"])
@pytest.mark.parametrize(
    ("variable", "was", "now"), [("region", "us-east-1", "eu-west-1"), ("name", "stand-in", "shop")]
)
def test_another_region_or_name(deployed: LocalProject, command: str, variable: str, was: str, now: str) -> None:
    deployed.write_variables("dev", **{variable: now})
    arguments = ["--image-tag", "v1"] if command == "up" else []
    deployed.deploy(command, *arguments).expect(
        12, f"has {variable} = {was}, but its variables say {now}", f'Set {variable} = "{was}"', "dev.tfvars"
    )


def test_no_permission(deployed: LocalProject, gateway: Gateway) -> None:
    gateway.answers["DescribeServices"] = fault("AccessDeniedException", "not authorized to perform: ecs:…")
    deployed.deploy("status").expect(70, "These credentials may not call DescribeServices", "Use the deploy role")


def test_an_api_that_breaks_on_the_way(deployed: LocalProject, gateway: Gateway) -> None:
    gateway.answers["RunTask"] = fault("InvalidParameterException", "<html>\n<p>strange</p>")
    deployed.up("v2").expect(
        70, "RunTask failed (InvalidParameterException): <html> <p>strange</p>", "Serving now: v1."
    )


def test_status_as_json(deployed: LocalProject) -> None:
    output = deployed.deploy("status", "--json").expect(0).output
    assert '"serving": "v1"' in output
    assert '"lock": null' in output
