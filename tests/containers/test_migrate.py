"""The one-off migrate task: the same image with another command."""

from __future__ import annotations

import pytest

from tests.containers.engine import Session

pytestmark = pytest.mark.docker

MIGRATE = ("python", "manage.py", "migrate", "--noinput")


def test_migrates_an_empty_database(migrated: str) -> None:
    assert "sample.0001_initial" in migrated


def test_a_second_time_there_is_nothing_to_do(
    engine: Session, image: str, service_options: tuple[str, ...], migrated: str
) -> None:
    result = engine.run(image, *MIGRATE, options=service_options)
    assert "No migrations to apply" in result.stdout


def test_without_its_database_it_fails_in_one_line(
    engine: Session, image: str, service_options: tuple[str, ...]
) -> None:
    options = (*service_options, "--env=DATABASE_URL=postgres://nobody:secret@127.0.0.1:9/none")
    result = engine.run(image, *MIGRATE, options=options, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stderr


def test_the_deployment_check_is_silent(engine: Session, image: str, service_options: tuple[str, ...]) -> None:
    options = (*service_options, "--env=HTTPS_ONLY=true", "--env=NUM_PROXIES=1", "--env=ALLOWED_HOSTS=api.example")
    command = ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    result = engine.run(image, *command, options=options)
    assert "no issues" in result.stdout
    assert not result.stderr
