"""The acts of the rehearsal, in their order."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.rehearsal.acts import (
    broken_revisions,
    contract,
    deploys,
    domain,
    readme,
    schedule,
    snapshots,
    task_definitions,
    tokens,
    worker,
)


@dataclass(frozen=True)
class Act:
    """One act. When a `needed` act fails, the later acts are skipped, except those with `always`."""

    name: str
    play: Callable
    needed: bool = False
    always: bool = False


ACTS = (
    Act("first deploy into an empty account", deploys.first_deploy, needed=True),
    Act("the HTTP contract through the load balancer", contract.http_contract),
    Act("the README's words: outputs, curl, migrate_command", readme.words),
    Act("the service's database role", tokens.database_roles),
    Act("the scheduled command", schedule.expired_keys),
    Act("registered task definitions under plain Docker", task_definitions.under_plain_docker),
    Act("second revision with a migration, under load", deploys.second_revision, needed=True),
    Act("the worker beside the service", worker.beside_the_service),
    Act("a revision whose migration fails", broken_revisions.failing_migration),
    Act("a revision that crashes at start", broken_revisions.crash_at_start),
    Act("rollback", deploys.rollback),
    Act("a snapshot restored by the runbook's words", snapshots.runbook, needed=True),
    Act("two deploys at once", deploys.two_at_once),
    Act("a user pool, tokens, and the service's other role", tokens.user_pool),
    Act("a domain", domain.host_name),
    Act("down to zero and its last snapshot", deploys.down, always=True),
)
