"""The app of what resources share."""

from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    """Keeps the answers that an Idempotency-Key repeats, and checks what resources are made of."""

    name = "itemsvc.resources"
    # Of the table that it has had from the first release on.
    label = "itemsvc"

    def ready(self) -> None:
        """Called once, when every app is loaded."""
        from itemsvc.resources import checks  # noqa: F401, PLC0415  (registers them; needs the apps)
