"""Counts in a window, with one statement."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

# The window begins with its first use. Its end is a time of the database's clock, because the tasks' clocks differ.
TAKE = """
INSERT INTO limits_window AS held (key, used, ends_at)
VALUES (%(key)s, %(wanted)s, statement_timestamp() + %(seconds)s * interval '1 second')
ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN held.ends_at > statement_timestamp()
                THEN LEAST(%(limit)s, held.used + excluded.used) ELSE excluded.used END,
    ends_at = CASE WHEN held.ends_at > statement_timestamp() THEN held.ends_at ELSE excluded.ends_at END
RETURNING new.used - CASE WHEN old.ends_at = new.ends_at THEN old.used ELSE 0 END,
          new.ends_at, EXTRACT(EPOCH FROM new.ends_at - statement_timestamp())::float
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """How many permits were given (0 if the limit is reached), and how long the window still lasts."""

    count: int
    ends_at: datetime
    seconds_left: float


def take(key: uuid.UUID, wanted: int, limit: int, seconds: int) -> Grant:
    """Takes up to ``wanted`` permits of the ``limit`` in a window of ``seconds``; ``wanted`` is at most ``limit``.

    Raises django.db.DatabaseError.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": key, "wanted": wanted, "limit": limit, "seconds": seconds})
        return Grant(*cursor.fetchone())


def remove_ended() -> int:
    """Removes the windows that have ended; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM limits_window WHERE ends_at < statement_timestamp()")
        return int(cursor.rowcount)


def digest(*parts: str) -> uuid.UUID:
    """The key for these parts; other parts have another key."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        hashed.update(len(data).to_bytes(4) + data)
    return uuid.UUID(bytes=hashed.digest())
