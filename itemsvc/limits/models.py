"""The counters' table."""

from __future__ import annotations

from django.db import models


class Window(models.Model):
    """What one key has used of its limit in the window that its first use began.

    The table is unlogged: it costs no write-ahead log, and what it forgets in a crash or a failover is at most one
    window's count.
    """

    #: A digest, see ``windows.digest``: names and addresses are nobody's business here.
    key = models.UUIDField(primary_key=True)
    used = models.IntegerField()
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.key)
