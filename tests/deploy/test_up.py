"""`up`."""

from __future__ import annotations

import signal
import time

import pytest

from tests.deploy.account import ServedProject

pytestmark = [pytest.mark.deploy, pytest.mark.docker, pytest.mark.slow]


def test_first_deploy_creates_migrates_and_serves(served: ServedProject) -> None:
    run = served.first.expect(0, "Applying items.0002... OK", "/health/ready answers well")
    steps = ["build the image", "create the infrastructure", "push the image", "migrate", "roll out", "smoke test"]
    positions = [run.output.index(f"{step} ...") for step in steps]
    assert positions == sorted(positions)


def test_the_same_commit_again_changes_nothing(served: ServedProject) -> None:
    served.commit()
    served.deploy("up").expect(0)
    before = served.deployment_id()
    served.deploy("up").expect(0, "the registry has")
    assert served.deployment_id() == before


def test_a_new_commit_serves(served: ServedProject) -> None:
    tag = served.commit()
    served.deploy("up").expect(0, f"{tag} serves at")
    assert served.settled() == tag


def test_dry_run_changes_nothing(served: ServedProject) -> None:
    before, tag = served.settled(), served.commit()
    served.deploy("up", "--dry-run").expect(0, f"would build and push {tag}", f"then replace {before} by {tag}")
    assert served.settled() == before


def test_a_dirty_tree_is_refused_or_tagged_as_such(served: ServedProject) -> None:
    tag = served.commit()
    (served.app / "note.txt").write_text("not committed")
    try:
        served.deploy("up").expect(13, "uncommitted changes", "note.txt", "--allow-dirty")
        served.deploy("up", "--allow-dirty", "--dry-run").expect(0, f"would build and push {tag}-dirty-")
    finally:
        (served.app / "note.txt").unlink()


def test_an_image_that_does_not_build(served: ServedProject) -> None:
    before = served.settled()
    dockerfile = served.app / "Dockerfile"
    good = dockerfile.read_text()
    dockerfile.write_text(good + "RUN echo no such library >&2 && false\n")
    served.commit()
    try:
        served.deploy("up").expect(30, "The image did not build.", "no such library")
    finally:
        dockerfile.write_text(good)
    assert served.settled() == before


def test_a_migration_that_fails(served: ServedProject) -> None:
    before = served.settled()
    served.commit(migrate="fail")
    run = served.deploy("up").expect(42, "failed with exit code 1", 'relation "items" is locked')
    assert f"Serving now: {before}." in run.output
    assert served.settled() == before


def test_a_migration_behind_another_one(served: ServedProject) -> None:
    served.commit(migrate="busy")
    served.deploy("up").expect(42, "exit code 75", "Another migration is running")


def test_a_migration_that_takes_too_long_is_stopped(served: ServedProject) -> None:
    before = served.settled()
    served.commit(migrate="hang")
    served.deploy("up", "--migrate-timeout", "4").expect(
        43, "Operations to perform", "was not done after 4 s; it is stopped now", f"Serving now: {before}."
    )
    assert served.running_tasks("migrate") == []
    assert served.settled() == before


def test_interrupted_migration_goes_on_and_is_named(served: ServedProject) -> None:
    before = served.settled()
    served.commit(migrate="hang")
    process = served.start("up")
    assert process.stdout is not None
    for line in process.stdout:
        if "Operations to perform" in line:
            break
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    (arn,) = served.running_tasks("migrate")
    for text in (
        f"goes on running at ECS: {arn}",
        "aws logs tail",
        f"aws ecs stop-task --region us-east-1 --cluster stand-in-dev --task {arn}",
    ):
        assert text in output
    assert served.settled() == before
    served.account.client("ecs").stop_task(cluster="stand-in-dev", task=arn)
    served.deploy("status").expect(0, "deploying    nobody")


def test_a_release_that_crashes_at_start_is_taken_back(served: ServedProject) -> None:
    before = served.settled()
    tag = served.commit(serve="crash")
    served.deploy("up").expect(
        50,
        "The roll-out failed",
        "circuit breaker",
        "exit code 1",
        "the setting FEATURE_X is missing",
        f"restore {before}: done",
        f"Serving now: {before}.",
    )
    assert served.settled() == before
    # The state named the broken image for a while. The next deploy must not roll it out.
    good = served.commit()
    run = served.deploy("up").expect(0)
    assert tag not in run.output
    assert served.settled() == good


def test_a_release_that_answers_wrongly_is_taken_back(served: ServedProject) -> None:
    before = served.settled()
    served.commit(serve="unready")
    served.deploy("up", "--smoke-timeout", "3").expect(
        60, "/health/ready gave a wrong response", '503 {"status": "unavailable"', f"Serving now: {before}."
    )
    assert served.settled() == before


def test_a_load_balancer_out_of_reach_proves_nothing(served: ServedProject) -> None:
    tag = served.commit()
    served.deploy("up", "--smoke-timeout", "1", "--smoke-url", "http://127.0.0.1:9").expect(
        61, "could not be reached from here", f"Serving now: {tag}."
    )
    assert served.settled() == tag


def test_an_apply_that_fails_half_way(served: ServedProject) -> None:
    before = served.settled()
    served.write_variables("dev", fault="echo the disk is full >&2 && false")
    served.commit()
    try:
        served.deploy("up").expect(20, "terraform apply failed.", "the disk is full")
    finally:
        served.write_variables("dev")
    assert served.version() == before


def test_two_deploys_at_once(served: ServedProject) -> None:
    served.commit(migrate="hang")
    first = served.start("up", "--migrate-timeout", "20")
    deadline = time.monotonic() + 30
    while "runs `deploy up`" not in served.deploy("status").output:
        assert time.monotonic() < deadline
    try:
        served.deploy("up").expect(
            14, "Another deploy holds this environment", "runs `deploy up` since", "--break-lock"
        )
        served.deploy("rollback").expect(14)
        served.deploy("migrate").expect(14)
    finally:
        first.send_signal(signal.SIGTERM)
        output, _ = first.communicate(timeout=60)
    assert first.returncode == 130, output
