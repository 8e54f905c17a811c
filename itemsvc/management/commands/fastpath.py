"""`manage.py fastpath` shows which operations are fast, and what decides it for the others."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from itemsvc.resources.plan.views import survey


class Command(BaseCommand):
    """Prints a line for each method and route of the resources' views."""

    help = "Shows for each route and method whether it is fast, and if not, which code decides that."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the lines, and a summary."""
        from itemsvc.wsgi import summary  # noqa: PLC0415  (builds the application)

        for method, route, obstacle in survey():
            found = f"{obstacle.reason}, {obstacle.place}" if obstacle else "fast"
            self.stdout.write(f"{method:6} {route:40} {found}")
        self.stdout.write(summary())
