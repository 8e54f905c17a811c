"""A docker that fails."""

from __future__ import annotations

import os
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from deploy import image
from deploy.errors import BuildError, PushError


@pytest.mark.parametrize(("architecture", "hint"), [("X86_64", None), ("ARM64", "emulation")])
def test_a_failed_build_for_another_architecture_says_what_it_needs(
    architecture: str, hint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker_that_says("exec format error", tmp_path, monkeypatch)
    with pytest.raises(BuildError) as raised:
        image.build(tmp_path, "items:1", architecture=architecture, note=lambda line: None)
    assert raised.value.details == ["exec format error"]
    assert (hint in raised.value.hint) if hint else (raised.value.hint is None)


#: What docker says, and a word of what to do.
FAILURES = {
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?": "Start Docker",
    "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct": "Start Docker",
    "Error saving credentials: error storing credentials - err: exit status 1, out: ``": "credsStore",
    "failed to register layer: write /usr/lib/libpq.so: no space left on device": "docker system prune",
    "toomanyrequests: You have reached your unauthenticated pull rate limit.": "docker login",
    "denied: User: arn:… is not authorized to perform: ecr:InitiateLayerUpload on resource: …": "deploy role",
    "denied: Your authorization token has expired. Reauthenticate and try again.": "docker logout",
    "Error response from daemon: login attempt to https://…/v2/ failed with status: 400 Bad Request": "docker logout",
    "no basic auth credentials": "docker logout",
    "dial tcp: lookup 0.dkr.ecr.us-east-1.amazonaws.com on 10.0.0.2:53: no such host": "network and proxy",
    "net/http: TLS handshake timeout": "network and proxy",
}


@pytest.mark.parametrize(("said", "remedy"), FAILURES.items())
def test_a_failure_of_docker_has_a_remedy(
    said: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker_that_says(said, tmp_path, monkeypatch)
    registry = boto3.client("ecr", region_name="us-east-1", aws_access_key_id="id", aws_secret_access_key="key")
    with Stubber(registry) as answers:
        answers.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": "QVdTOng="}]})
        with pytest.raises(PushError) as pushed:
            image.push(registry, "items:1", "0.dkr.ecr.us-east-1.amazonaws.com/items", "1", note=lambda line: None)
    with pytest.raises(BuildError) as built:
        image.build(tmp_path, "items:1", architecture="X86_64", note=lambda line: None)
    assert remedy in str(pushed.value.hint)
    assert remedy in str(built.value.hint)


def docker_that_says(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a docker into PATH that says `text` and fails, unless it is asked for its version."""
    docker = folder / "docker"
    docker.write_text(f"#!/bin/sh\n[ \"$1\" = version ] && echo amd64 && exit\ncat >&2 <<'END'\n{text}\nEND\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
