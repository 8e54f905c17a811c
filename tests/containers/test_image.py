"""The content and the settings of the image."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Any

import pytest

from itemsvc import settings
from tests.containers.conftest import APP_VERSION
from tests.containers.engine import ROOT, Session, docker, run

pytestmark = pytest.mark.docker

BUILD_TOOLS = {"gcc", "g++", "cc", "c++", "clang", "cpp", "ld", "as", "make", "cmake", "rustc", "cargo", "uv"}
EXECUTABLE_FOLDERS = {"bin", "sbin"}

LIST_FILES = """
import json, os
found = []
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys", "dev")]
    found += [os.path.join(folder, name) for name in folders + files]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def files(engine: Session, image: str) -> list[PurePosixPath]:
    """Every path in the image. Root can read them all."""
    listing = engine.run(image, "python", "-I", "-c", LIST_FILES, options=("--user=0", "--network=none")).stdout
    return [PurePosixPath(path) for path in json.loads(listing)]


@pytest.fixture(scope="module")
def configuration(image: str) -> dict[str, Any]:
    """The image's settings for its containers."""
    [document] = json.loads(docker("image", "inspect", image))
    assert isinstance(document["Config"], dict)
    return document["Config"]


def test_runs_as_an_ordinary_user(engine: Session, image: str, configuration: dict[str, Any]) -> None:
    assert configuration["User"] == "10001:10001"
    who = "import os, json; print(json.dumps([os.getuid(), os.getgid(), os.getgroups(), os.access('/app', os.W_OK)]))"
    assert json.loads(engine.run(image, "python", "-c", who).stdout) == [10001, 10001, [10001], False]


def test_holds_only_what_runs(files: list[PurePosixPath]) -> None:
    top = {path.name for path in files if path.parent == PurePosixPath("/app")} - {"__pycache__"}
    packages = {name.partition(".")[0] for name in settings.INSTALLED_APPS}
    ours = {name for name in packages if (ROOT / name).is_dir()}
    assert top == {"manage.py", "gunicorn.conf.py", "requirements.txt", "certs", "staticfiles"} | ours


def test_has_nothing_to_build_or_install_with(files: list[PurePosixPath]) -> None:
    programs = {path.name for path in files if path.parent.name in EXECUTABLE_FOLDERS}
    assert "python3" in programs
    assert not programs & BUILD_TOOLS
    assert not [name for name in programs if name.startswith("pip")]
    assert not [path for path in files if path.name == "pip" and path.parent.name == "site-packages"]


def test_has_no_cache_repository_or_tests(files: list[PurePosixPath]) -> None:
    assert not [path for path in files if path.name in (".git", ".cache", ".env", ".venv", ".local")]
    assert not [path for path in files if path.is_relative_to("/app") and path.name in ("tests", "terraform", "deploy")]
    assert not [path for path in files if path.is_relative_to("/var/lib/apt/lists") and path.suffix == ".lz4"]


def test_byte_code_is_there_since_the_root_is_read_only(files: list[PurePosixPath]) -> None:
    sources = [path for path in files if path.suffix == ".py" and path.is_relative_to("/app")]
    compiled = {path for path in files if path.suffix == ".pyc"}
    assert sources
    for path in sources:
        assert path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" in compiled


def test_keeps_no_secret(image: str, configuration: dict[str, Any]) -> None:
    names = {entry.partition("=")[0] for entry in configuration["Env"]}
    assert not [name for name in names if re.search("KEY|SECRET|PASSWORD|TOKEN|DATABASE_URL", name)]
    history = docker("history", "--no-trunc", "--format={{.CreatedBy}}", image)
    assert "gunicorn" in history
    assert not re.search("SECRET_KEY|only-to-collect|DATABASE_URL|postgres://", history)


def test_declares_how_it_is_run(configuration: dict[str, Any]) -> None:
    assert configuration["Cmd"] == ["gunicorn"]
    assert not configuration["Entrypoint"]
    assert configuration["WorkingDir"] == "/app"
    assert set(configuration["ExposedPorts"]) == {"8000/tcp"}
    assert set(configuration["Volumes"]) == {"/tmp"}
    assert configuration["Healthcheck"]["Test"] == ["CMD", "python", "-I", "-S", "/app/itemsvc/http/healthcheck.py"]
    assert f"APP_VERSION={APP_VERSION}" in configuration["Env"]


def test_the_base_image_is_an_argument(engine: Session, image: str) -> None:
    # With the empty base image `scratch` the first step finds no shell. It needs no registry.
    result = run("docker", "build", engine.label, "--force-rm", "--build-arg=BASE_IMAGE=scratch", ".", check=False)
    assert result.returncode
    assert re.search(r"exec: \\?\"/bin/sh|/bin/sh: no such file", result.stdout + result.stderr)
    stages = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert stages == ["${BASE_IMAGE}", "${BASE_IMAGE}"]
