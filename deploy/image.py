"""Builds and pushes the image, and looks it up in the registry."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from deploy.aws import Client, error_code
from deploy.errors import BuildError, MissingToolError, PushError
from deploy.process import capture, stream

LAST_LINES = 25
PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
START_DOCKER = "Start Docker. Your user needs permission to use it."
#: What to do, by what the Docker CLI, the engine or the registry says last. The first that is found counts.
REMEDIES = {
    r"docker daemon|docker API": START_DOCKER,
    r"(storing|saving) credentials": "Mend Docker's credential store, or remove credsStore from ~/.docker/config.json.",
    r"no space left on device": "The engine's disk is full: `docker system prune` makes room.",
    r"toomanyrequests": "The registry limits pulls: `docker login` to it, or wait.",
    r"not authorized to perform": "Use the deploy role, or add the permission to it.",
    r"no basic auth|denied: |token has expired|40[013] [BUF]": "The registry refused the credential. "
    "`docker logout` from it, then run the same command again.",
    r"dial tcp|no such host|timeout|deadline exceeded|connection re(fused|set)|unreachable|\bEOF\b": "The registry was "
    "not reached: check the engine's network and proxy, then run the same command again.",
}
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def exists(ecr: Client, repository: str, tag: str) -> bool:
    """Whether the registry has `tag`. Also False when the repository does not exist."""
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if error_code(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
            return False
        raise
    return bool(found.get("imageDetails"))


def tags(ecr: Client, repository: str) -> list[str]:
    """The registry's tags, newest image first."""
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
    images = [image for page in pages for image in page["imageDetails"]]
    images.sort(key=lambda image: str(image.get("imagePushedAt", "")), reverse=True)
    return [tag for image in images for tag in image.get("imageTags", [])]


def registry(ecr: Client, repository_url: str) -> str:
    """The host to push to: the repository's own, or the emulator's when boto3 uses one."""
    endpoint = urlsplit(ecr.meta.endpoint_url)
    if (endpoint.hostname or "").endswith(AWS_DOMAINS):
        return repository_url
    return f"{endpoint.netloc}/{repository_url.partition('/')[2]}"


def require_engine() -> str:
    """Returns the engine's architecture (`amd64`, `arm64`). Raises MissingToolError when it does not respond."""
    result = capture(["docker", "version", "--format", "{{.Server.Arch}}"])
    if result.returncode == 0:
        return result.stdout.strip()
    raise MissingToolError(
        "The Docker engine does not respond.",
        details=result.stderr.strip().splitlines()[:3],
        hint=START_DOCKER,
    )


def build(root: Path, image: str, *, architecture: str, note: Callable[[str], None]) -> None:
    """Builds the Dockerfile in `root` as `image`. Raises BuildError with the last lines of the output."""
    platform = PLATFORMS[architecture]
    command = ["docker", "build", "--tag", image]
    foreign = platform != f"linux/{require_engine()}"
    if foreign:
        command += ["--platform", platform]
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if line.strip():
            note(line.strip())

    code = stream([*command, "."], on_line, cwd=root, env={**os.environ, "BUILDKIT_PROGRESS": "plain"})
    if code:
        hint = f"It is for {platform}: build on such a machine, or install its emulation (QEMU)." if foreign else None
        raise BuildError("The image did not build.", details=lines[-LAST_LINES:], hint=_remedy(lines) or hint)


def push(ecr: Client, image: str, repository_url: str, tag: str, note: Callable[[str], None]) -> None:
    """Tags the local `image` with its name in the registry and pushes it; raises PushError."""
    target = f"{registry(ecr, repository_url)}:{tag}"
    _login(ecr, target.partition("/")[0])
    # The engine also keeps the name that the task definitions use, even when the push goes to another address.
    for name in dict.fromkeys((f"{repository_url}:{tag}", target)):
        _docker("tag", image, name)
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        note(line.strip())

    if stream(["docker", "push", target], on_line):
        raise PushError(f"The registry did not take {target}.", details=lines[-LAST_LINES:], hint=_remedy(lines))


def _login(ecr: Client, host: str) -> None:
    data = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    _docker("login", "--username", user, "--password-stdin", host, stdin=password)


def _docker(*arguments: str, stdin: str | None = None) -> None:
    result = capture(["docker", *arguments], stdin=stdin)
    if result.returncode:
        lines = result.stderr.strip().splitlines()[-3:]
        raise PushError(f"docker {arguments[0]} failed.", details=lines, hint=_remedy(lines))


def _remedy(lines: list[str]) -> str | None:
    """The remedy for the last lines of docker's output; None if they name no known cause."""
    said = "\n".join(lines[-3:])
    return next((remedy for cause, remedy in REMEDIES.items() if re.search(cause, said, re.I | re.M)), None)


def empty(ecr: Client, repository: str) -> int:
    """Deletes every image of the repository and returns their number."""
    try:
        pages = list(ecr.get_paginator("list_images").paginate(repositoryName=repository))
    except ClientError as error:
        if error_code(error) == "RepositoryNotFoundException":
            return 0
        raise
    digests = {image["imageDigest"] for page in pages for image in page["imageIds"] if image.get("imageDigest")}
    ids = [{"imageDigest": digest} for digest in sorted(digests)]
    for first in range(0, len(ids), 100):  # the API's limit
        ecr.batch_delete_image(repositoryName=repository, imageIds=ids[first : first + 100])
    return len(ids)
