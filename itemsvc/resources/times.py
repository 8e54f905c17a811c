"""Times as RFC 3339 writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2}[Tt](?:[01]\d|2[0-3]):\d{2}:)(\d{2})(?:\.(\d+))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def read_time(text: str) -> datetime | None:
    """The aware time of an RFC 3339 text, with microseconds; None if the text is none.

    A leap second is the second after it, as in PostgreSQL. There is one only at 23:59:60 UTC.
    """
    if not (match := RFC3339.fullmatch(text)):
        return None
    minute, second, fraction, offset = match.groups(default="")
    is_leap = second == "60"
    written = f"{minute}{'59' if is_leap else second}.{fraction[:6]:0<6}{offset}"
    try:
        time = datetime.fromisoformat(written.upper())
        if not is_leap:
            return time
        is_last = time.astimezone(UTC).strftime("%H:%M:%S") == "23:59:59"
        return time + timedelta(seconds=1) if is_last else None
    except (OverflowError, ValueError):
        return None
