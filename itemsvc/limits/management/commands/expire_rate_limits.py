"""`manage.py expire_rate_limits`, which a schedule runs once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from itemsvc.limits import windows


class Command(BaseCommand):
    """Removes the windows that have ended. Two commands may run at the same time."""

    help = "Remove counters of rate limits whose window has ended."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many windows were removed."""
        self.stdout.write(f"Removed {windows.remove_ended():,} counters of rate limits.")
