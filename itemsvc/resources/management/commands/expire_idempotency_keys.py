"""`manage.py expire_idempotency_keys`: what a schedule runs once an hour or a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from itemsvc.resources.idempotency import expire


class Command(BaseCommand):
    """Removes the keys older than 24 hours, in small batches, each its own transaction; two at once do no harm."""

    help = "Remove expired idempotency keys."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many."""
        removed = 0
        while batch := expire():
            removed += batch
        self.stdout.write(f"Removed {removed:,} expired idempotency keys.")
