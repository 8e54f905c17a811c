"""Broken revisions, which must change neither the service nor the schema."""

from tests.rehearsal.commands import check

TASK_FAILED, ROLLOUT_FAILED = 42, 50
BROKEN_SQL = "CREATE TABLE half_done (id integer); SELECT 1 / 0"
CRASH = "\nraise RuntimeError('this revision cannot start')\n"


def failing_migration(stage):
    """The deploy stops at the migration. The old revision serves, and the schema is unchanged."""
    stage.repository.checkout(stage.tags["second"])
    stage.repository.add_migration("rehearsal_broken", BROKEN_SQL, "SELECT 1")
    stage.repository.commit("Add a migration that fails")
    before, deployment = stage.schema(), stage.service()["deployments"][0]["id"]
    run = stage.deploy("up").expect(TASK_FAILED)
    check("division by zero" in run.output, "the deploy does not show why the migration failed", run.output)
    check(
        stage.schema() == before, "the failed migration changed the schema", sorted(set(stage.schema()) ^ set(before))
    )
    check(stage.service()["deployments"][0]["id"] == deployment, "the service was deployed in spite of the failure")
    stage.check_serving(stage.tags["second"])
    stage.note(
        f"exit code {run.code} after {run.seconds:.0f} s, the database's error shown, schema as before,"
        " second revision serves"
    )


def crash_at_start(stage):
    """The circuit breaker stops the new revision. The old one keeps serving."""
    stage.repository.checkout(stage.tags["second"])
    stage.repository.append("itemsvc/wsgi.py", CRASH)
    tag = stage.repository.commit("Crash at start")
    run = stage.deploy("up").expect(ROLLOUT_FAILED)
    check("this revision cannot start" in run.output, "the deploy does not show why the revision failed", run.output)
    deployments = stage.service()["deployments"]
    check(
        any(d["rolloutState"] == "FAILED" and d["failedTasks"] for d in deployments),
        "ECS has no failed deployment",
        [str(d) for d in deployments],
    )
    stage.check_serving(stage.tags["second"])
    stage.note(
        f"exit code {run.code} after {run.seconds:.0f} s, circuit breaker and rollback seen, the traceback's last"
        f" line shown, second revision serves, not {tag}"
    )
