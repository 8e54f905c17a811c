"""Emulated accounts and projects to deploy into them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.deploy.account import Account, ServedProject
from tests.rehearsal import prerequisites
from tests.rehearsal.emulators import Emulators


@pytest.fixture(autouse=True)
def terraform_installed() -> None:
    """Nothing here goes without Terraform."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """MiniStack: tasks, services and load balancer traffic are real containers and sockets."""
    problem = prerequisites.missing()
    if problem:
        pytest.skip(problem)
    emulators = Emulators()
    try:
        emulators.start()
        yield Account(emulators)
    finally:
        emulators.stop()


@pytest.fixture(scope="session")
def served(account: Account, tmp_path_factory: pytest.TempPathFactory) -> ServedProject:
    """A project whose first release serves; each test leaves a release serving, any release."""
    directory = tmp_path_factory.mktemp("served")
    project = ServedProject(directory, account.environment, account.variables(), account=account)
    project.first = project.deploy("up")
    return project
