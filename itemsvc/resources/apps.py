"""The app of what resources share."""

from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    """Keeps the answers that an Idempotency-Key repeats."""

    name = "itemsvc.resources"
    # Of the table that it has had from the first release on.
    label = "itemsvc"
