"""The options of the database connections, and the limits of their sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def session_limits(statement_timeout_ms: int) -> dict[str, int]:
    """PostgreSQL's settings that limit a session, in milliseconds."""
    return {
        "statement_timeout": statement_timeout_ms,
        # How long an export's transaction may be idle between two rows, because its client reads slowly.
        "idle_in_transaction_session_timeout": 60_000,
        # The server ends a statement whose client has gone (a killed task, a request at the end of its budget).
        "client_connection_check_interval": 1_000,
    }


def connection_options(given: Mapping[str, str], connect_timeout: int, limits: Mapping[str, int]) -> dict[str, Any]:
    """libpq's parameters of a connection: ours, then the ``given`` ones of the URL.

    ``connect_timeout`` is in seconds. ``limits`` become the start-up parameter `options`, which poolers refuse; without
    limits there is none.
    """
    # After a failover, or when a host is lost, a dead connection is noticed in 20 s instead of two hours.
    alive = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 20_000}
    # What the URL says comes last, because the last one counts.
    words = [*(f"-c {name}={value}" for name, value in limits.items()), given.get("options", "")]
    options = " ".join(word for word in words if word)
    found: dict[str, Any] = {"connect_timeout": connect_timeout, "application_name": "itemsvc", **alive, **given}
    return found | ({"options": options} if options else {})
