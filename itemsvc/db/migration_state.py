"""The migrations of this code, compared with those that the database has."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection
from django.db.migrations.loader import MigrationLoader


class MigrationState(NamedTuple):
    """The names of migrations, each as `app.name`, in order."""

    applied: list[str]
    #: In this code, but not applied.
    missing: list[str]
    #: Applied, but not in this code: a newer release has migrated.
    newer: list[str]


def migration_state() -> MigrationState:
    """Reads the database's history; raises django.db.DatabaseError if it cannot be read."""
    loader = MigrationLoader(connection)
    applied, own = ({".".join(key) for key in keys} for keys in (loader.applied_migrations, loader.disk_migrations))
    return MigrationState(sorted(applied), sorted(own - applied), sorted(applied - own))
