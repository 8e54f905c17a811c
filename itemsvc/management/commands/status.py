"""`manage.py status` shows the release, the settings, the database and the migrations."""

from __future__ import annotations

import json
import platform
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from itemsvc.db.errors import first_line
from itemsvc.db.migration_state import migration_state

#: The settings that are shown, by environment variable. None of them is secret.
SETTINGS = {
    **{
        name: name
        for name in (
            "DEBUG ALLOWED_HOSTS HTTPS_ONLY NUM_PROXIES ADMIN_ENABLED API_AUTH OIDC_ISSUER LOG_FORMAT LOG_LEVEL "
            "METRICS SLOW_REQUEST_MS"
        ).split()
    },
    "MAX_BODY_BYTES": "DATA_UPLOAD_MAX_MEMORY_SIZE",
    "DB_STATEMENT_TIMEOUT_MS": "STATEMENT_TIMEOUT_MS",
    "OTEL_TRACES_EXPORTER": "TRACES_EXPORTER",
    "OTEL_SERVICE_NAME": "SERVICE_NAME",
}

ABOUT = """
    SELECT current_setting('server_version'), current_user::text, current_database()::text, pg_is_in_recovery(),
      (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
      (SELECT coalesce(version || ' ' || cipher, 'none') FROM pg_stat_ssl WHERE pid = pg_backend_pid()),
      (SELECT sum(numbackends)::int FROM pg_stat_database),
      (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user),
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - current_setting('reserved_connections')::int,
      current_setting('statement_timeout')
"""


class Command(BaseCommand):
    """Prints the service's state. The exit code is 0 if the service could serve requests, else 1."""

    help = "Shows version, settings, database and migrations. The exit code is 0 only if all is well."
    # The report must also come out with settings that `manage.py check` refuses.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Adds `--json`, for programs."""
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the report."""
        report = status()
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self.stdout.write("\n".join(lines(report)))
        if not report["healthy"]:
            sys.exit(1)


def status() -> dict[str, Any]:
    """The report. `healthy` means that the database answers and has every migration of this code."""
    database, migrations = about_database(), about_migrations()
    return {
        "healthy": "problem" not in database and "problem" not in migrations,
        "release": {
            "version": settings.APP_VERSION,
            "python": platform.python_version(),
            "django": django.get_version(),
        },
        "settings": {variable: getattr(settings, name) for variable, name in SETTINGS.items()},
        "database": database,
        "migrations": migrations,
    }


def about_database() -> dict[str, Any]:
    """The database's address, version, role and connections, and a `problem` if it has one."""
    config = connection.settings_dict
    address = config.get("HOST") or config["OPTIONS"].get("host") or "localhost"
    found: dict[str, Any] = {"address": f"{address}:{config.get('PORT') or 5432}", "name": config["NAME"]}
    try:
        with connection.cursor() as cursor:
            cursor.execute(ABOUT)
            version, role, name, standby, superuser, tls, used, own, limit, timeout = cursor.fetchone()
    except DatabaseError as exc:
        return found | {"problem": f"It does not answer: {first_line(exc)}"}
    found |= {
        "name": name,
        "server": f"PostgreSQL {version}",
        "role": role + (" (superuser)" if superuser else ""),
        "tls": tls,
        "connections": {"used": used, "of_this_role": own, "limit": limit},
    }
    if timeout == "0" and settings.STATEMENT_TIMEOUT_MS:
        found["problem"] = "Its sessions have no statement_timeout: a pooler drops it. Set DB_LIMITS=role and migrate."
    return found | ({"problem": "It is a standby, which refuses writes."} if standby else {})


def about_migrations() -> dict[str, Any]:
    """How many are applied, which are missing, and which are newer than this code."""
    try:
        state = migration_state()
    except DatabaseError as exc:
        return {"problem": f"The history cannot be read: {first_line(exc)}"}
    found: dict[str, Any] = {"applied": len(state.applied), "missing": state.missing, "newer": state.newer}
    return found | ({"problem": f"Unapplied: {', '.join(state.missing)}."} if state.missing else {})


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report as text: a heading for each part, and a line for each value."""
    yield "healthy" if report["healthy"] else "not healthy"
    for part in ("release", "settings", "database", "migrations"):
        yield f"\n{part}"
        for name, value in report[part].items():
            yield f"  {name:<28} {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "none"
