"""Successful deploys: the first one, a second one under load, a rollback, two at once, and down."""

import json
import time

from tests.rehearsal.acts import domain, snapshots
from tests.rehearsal.commands import check
from tests.rehearsal.inventory import leftovers
from tests.rehearsal.traffic import Traffic

LOCKED = 14
POOL_AND_ROTATION = {"TF_VAR_create_user_pool": "true", "TF_VAR_service_password_version": "2"}
# The load runs for this time before and after the roll-out.
MARGIN_REQUESTS = 40
COLUMN_ADDED = "ALTER TABLE sample_gadget ADD COLUMN rehearsal_note text NOT NULL DEFAULT ''"
COLUMN_DROPPED = "ALTER TABLE sample_gadget DROP COLUMN rehearsal_note"


def first_deploy(stage):
    """`deploy up` in an empty account, with the project's own Terraform."""
    empty = leftovers(stage)
    check(not empty, "the account was not empty", empty)
    run = stage.deploy("up").expect(0)
    stage.tags["first"] = stage.repository.tag()
    stage.keep("written by the first deploy")
    stage.check_serving(stage.tags["first"])
    tls = stage.query(
        "SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
        " WHERE client_addr IS NOT NULL AND client_addr <> '127.0.0.1'"
    )[0]
    connections, encrypted = tls.split("|")
    check(connections == encrypted != "0", f"{encrypted} of {connections} database connections are encrypted")
    refusal = stage.refused_without_tls()
    check("no encryption" in refusal, "the database takes an unencrypted connection", refusal)
    stage.note(
        f"`deploy up` took {run.seconds:.0f} s; {encrypted} of {connections} database connections encrypted,"
        " an unencrypted one is refused"
    )


def second_revision(stage):
    """Deploys a new migration and a new image while clients read and write."""
    stage.repository.add_migration("rehearsal_note", COLUMN_ADDED, COLUMN_DROPPED)
    stage.tags["second"] = stage.repository.commit("Add a column")
    before = stage.service()["deployments"][0]["id"]
    stage.client()  # This reads Terraform's outputs once, before the load starts.
    with Traffic(stage.client) as traffic:
        _let_pass(traffic, MARGIN_REQUESTS)
        run = stage.deploy("up").expect(0)
        _let_pass(traffic, MARGIN_REQUESTS, until=stage.tags["second"])
    check(
        not traffic.failures,
        f"{len(traffic.failures)} of {traffic.requests} requests failed during the roll-out",
        traffic.failures[:20],
    )
    check(stage.service()["deployments"][0]["id"] != before, "no new deployment was made")
    check(
        set(traffic.revisions) == {stage.tags["first"], stage.tags["second"]},
        f"the load was not answered by both revisions: {dict(traffic.revisions)}",
    )
    check("sample_gadget.rehearsal_note text" in stage.schema(), "the migration's column is missing")
    stage.check_serving(stage.tags["second"])
    _check_written(stage, traffic)
    stage.note(
        f"{traffic.requests:,} requests, 0 failed, slowest {traffic.slowest:.1f} s, answered by both revisions;"
        f" all {len(traffic.written)} gadgets written meanwhile are there; `deploy up` took {run.seconds:.0f} s"
    )


def _check_written(stage, traffic):
    """Checks that every acknowledged gadget is unchanged in a stream of all gadgets."""
    answer = stage.client().get("/gadgets?search=client", Accept="application/x-ndjson")
    stored = {gadget["id"]: gadget for gadget in map(json.loads, answer.body.splitlines())}
    lost = [gadget for identifier, gadget in traffic.written.items() if stored.get(identifier) != gadget]
    check(not lost, f"{len(lost)} of {len(traffic.written)} gadgets written under load are gone", map(str, lost[:5]))


def rollback(stage):
    """Rolls back to the first revision, which must serve on the second one's schema."""
    run = stage.deploy("rollback").expect(0)
    stage.check_serving(stage.tags["first"])
    check("sample_gadget.rehearsal_note text" in stage.schema(), "the rollback changed the schema")
    stage.note(f"first revision serves on the second one's schema; took {run.seconds:.0f} s")


def two_at_once(stage):
    """While one deploy runs, another one is refused. The first one succeeds.

    The first one also makes a user pool and changes the service's database role, for the next act.
    """
    stage.repository.checkout(stage.tags["second"])
    stage.environment.update(POOL_AND_ROTATION)
    first = stage.start_deploy("up")
    try:
        _wait_for_lock(stage, first)
        second = stage.deploy("up").expect(LOCKED)
    except BaseException:
        first.kill()
        raise
    first.wait(400).expect(0)
    serving = stage.serving_tag()
    check(serving == stage.tags["second"], f"image {serving} is serving, not {stage.tags['second']}")
    stage.note(
        f"the second one was refused after {second.seconds:.1f} s with exit code {second.code};"
        " the first one's revision serves"
    )


def down(stage):
    """Destroys everything but the last snapshot, its key and the domain's zone. Without these the account is empty."""
    run = stage.deploy("down", "--yes").expect(0)
    snapshots.check_last(stage)
    domain.check_zone(stage)
    left = leftovers(stage)
    check(not left, "something is left in the account", left)
    containers = [c.name for c in stage.emulators.containers() if c.name != stage.emulators.run]
    check(not containers, "containers are left running", containers)
    stage.note(f"account empty; took {run.seconds:.0f} s")


def _let_pass(traffic, requests, until=None):
    """Waits until the load has sent more requests and this revision has answered one of the sample."""
    target, deadline = traffic.requests + requests, time.monotonic() + 60
    while traffic.requests < target or (until and until not in traffic.revisions):
        seen = f"answered by {dict(traffic.revisions)}"
        check(time.monotonic() < deadline, "the load has come to a standstill", [seen, *traffic.failures[-5:]])
        time.sleep(0.1)


def _wait_for_lock(stage, run):
    """Waits until the deploy holds its lock."""
    deadline = time.monotonic() + 60
    while not _locks(stage):
        check(run.process.poll() is None and time.monotonic() < deadline, "the first deploy took no lock")
        time.sleep(0.1)


def _locks(stage):
    pages = stage.aws("ssm").get_paginator("describe_parameters").paginate()
    return [p["Name"] for page in pages for p in page["Parameters"] if p["Name"].endswith("/lock")]
