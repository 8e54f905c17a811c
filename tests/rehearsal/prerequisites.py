"""Checks the tools that a rehearsal needs, and connects to Docker."""

import importlib.util
import json
import os
import shutil
import subprocess

NEEDED_COMMANDS = {
    "docker": "install Docker and start it",
    "terraform": "install Terraform 1.11 or newer",
    "git": "install git",
}
NEEDED_MODULES = {
    "boto3": "install the dependency group deploy",
    "moto": "install the dependency group terraform",
    "docker": "install the dependency group terraform",
}


def missing():
    """One line that says what to install, or None when everything is there."""
    for command, remedy in NEEDED_COMMANDS.items():
        if not shutil.which(command):
            return f"{command} not found: {remedy}"
    for module, remedy in NEEDED_MODULES.items():
        if not importlib.util.find_spec(module):
            return f"Python module {module} not found: {remedy}"
    answer = subprocess.run(["docker", "info", "--format", "{{.ID}}"], check=False, capture_output=True, text=True)
    if answer.returncode:
        return f"Docker does not respond: {NEEDED_COMMANDS['docker']}"
    return None


def docker_client():
    """A docker-py client of the same engine and context as the `docker` command."""
    import docker

    if "DOCKER_HOST" not in os.environ:
        answer = subprocess.run(["docker", "context", "inspect"], check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            os.environ["DOCKER_HOST"] = json.loads(answer.stdout)[0]["Endpoints"]["docker"]["Host"]
    return docker.from_env()
