"""Emulated accounts and environments in them. Work that takes minutes runs in the background."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import production, requirements, terraform_tests
from tests.terraform.account import Account
from tests.terraform.stack import Stack

HERE = Path(__file__).parent
#: Container Insights makes it again when its last events come after a destroy.
INSIGHTS = "/aws/ecs/containerinsights/itemsvc-dev/performance"
#: Fixture, and the function that runs for it in the background.
BACKGROUND = {"production_life": production.live, "terraform_test": terraform_tests.run}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test in this folder. Tests that need only files run without Terraform and moto."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.terraform)


@pytest.fixture(scope="session")
def installed() -> None:
    """Skips without Terraform or moto; fails with CI=true."""
    problem = requirements.missing()
    if problem is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, so this may not be skipped: {problem}")
    pytest.skip(problem)


@pytest.fixture(scope="session")
def background(
    request: pytest.FixtureRequest, installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Any]]]:
    """Starts the long work of the selected tests at once. Most of its time is waiting."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    accounts = {name: Account(tmp_path_factory.mktemp(name) / "account") for name in BACKGROUND if name in wanted}
    with ThreadPoolExecutor() as executor:
        yield {name: executor.submit(BACKGROUND[name], account) for name, account in accounts.items()}
    for account in accounts.values():
        account.stop()


@pytest.fixture(scope="session")
def production_life(background: dict[str, Future[Any]]) -> production.Life:
    """The observations of the production environment, from its first apply to its end."""
    return background["production_life"].result()


@pytest.fixture(scope="session")
def terraform_test(background: dict[str, Future[Any]]) -> dict[str, terraform_tests.Result]:
    """The result of each file of `terraform test`."""
    return background["terraform_test"].result()


@pytest.fixture(scope="session")
def empty(background: dict[str, Future[Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The dev environment before its first apply, with no variable set."""
    directory = tmp_path_factory.mktemp("dev")
    account = Account(directory / "account")
    try:
        account.wait()
        stack = Stack(directory / "terraform", account)
        stack.init()
        yield stack
    finally:
        account.stop()


@pytest.fixture(scope="session")
def dev(empty: Stack) -> Stack:
    """The dev environment after `terraform apply` with no variable set, where an earlier one left a log group."""
    empty.account.client("logs").create_log_group(logGroupName=INSIGHTS)
    empty.apply()
    return empty
