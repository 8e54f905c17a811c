"""`manage.py expire_rate_limits`: what a schedule runs once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from itemsvc.limits import windows


class Command(BaseCommand):
    """Forgets the windows of RATE_LIMIT and of the admin's sign-in that have ended; two at once do no harm."""

    help = "Remove counters of rate limits whose window has ended."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many."""
        self.stdout.write(f"Removed {windows.remove_ended():,} counters of rate limits.")
