"""The table of the counters."""

from __future__ import annotations

from django.db import models


class Window(models.Model):
    """How much of its limit a key has used in the current window, which began with the first use.

    The table is unlogged, so it writes no write-ahead log. After a crash or a failover it is empty, which loses at
    most the counts of one window.
    """

    #: A digest (``windows.digest``), so that the table has no names and no addresses.
    key = models.UUIDField(primary_key=True)
    used = models.IntegerField()
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.key)
