"""A project that this process deploys into moto: fast, and without Docker."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from deploy.cli import main
from tests.deploy.gateway import Gateway
from tests.deploy.project import Project, Run
from tests.deploy.scripted_ecs import ScriptedEcs

RELEASES, LOCK = "/stand-in/dev/deploy/releases", "/stand-in/dev/deploy/lock"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def aws_environment(endpoint: str) -> dict[str, str]:
    """The environment that points boto3 and Terraform to the emulated account."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def use_account(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    """Points this process and its children to the emulated account only."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "TF_", "DEPLOY_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    for name, value in aws_environment(gateway.url).items():
        monkeypatch.setenv(name, value)
    # The gateway passes on POST only.
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", gateway.upstream)


@dataclass
class LocalProject(Project):
    capfd: pytest.CaptureFixture[str] | None = field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        return f"{self.variables.get('name', 'stand-in')}-dev"

    def deploy(self, name: str, *arguments: str) -> Run:
        """Runs the command in this process, with a short poll interval."""
        self._shown()
        code = main(self.arguments(name, "--poll", "0.01", *arguments))
        return Run(code, self._shown())

    def _shown(self) -> str:
        return "".join(self.capfd.readouterr()) if self.capfd else ""

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name="us-east-1")

    def has_image(self, tag: str) -> str:
        """Puts an image into the registry and returns its tag."""
        ecr = self.client("ecr")
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"digest": f"sha256:{tag}"}, "layers": []}
        digest = f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"
        with contextlib.suppress(ecr.exceptions.ImageAlreadyExistsException):
            ecr.put_image(
                repositoryName=self.name, imageTag=tag, imageManifest=json.dumps(manifest), imageDigest=digest
            )
        return tag

    def create(self) -> None:
        """Creates the stack without an image, like the first apply of `up`."""
        self.terraform_command("init", "-input=false")
        self.terraform_command("apply", "-auto-approve", "-input=false", "-var-file=environments/dev.tfvars")

    def up(self, tag: str, *arguments: str) -> Run:
        """Puts an image into the registry and deploys it."""
        return self.deploy("up", "--image-tag", self.has_image(tag), "--skip-smoke", *arguments)


class Snapshot:
    """A copy of a deployed project: its directory, its service and its recorded releases."""

    def __init__(self, project: LocalProject, ecs: ScriptedEcs):
        self._project, self._ecs = project, ecs
        self._copy = project.directory.with_name(f"{project.directory.name}-copy")
        shutil.copytree(project.directory, self._copy)
        self._deployments = copy.deepcopy(ecs.deployments)
        self._releases = project.client("ssm").get_parameter(Name=RELEASES)["Parameter"]["Value"]

    def restore(self) -> LocalProject:
        shutil.rmtree(self._project.directory)
        shutil.copytree(self._copy, self._project.directory)
        self._ecs.deployments = copy.deepcopy(self._deployments)
        ssm = self._project.client("ssm")
        ssm.put_parameter(Name=RELEASES, Value=self._releases, Type="String", Overwrite=True)
        ssm.delete_parameters(Names=[LOCK, f"{LOCK}-takeover"])
        self._project.write_variables("dev")
        return self._project
