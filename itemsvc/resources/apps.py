"""The app that holds what all resources share."""

from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    """Stores the responses for an Idempotency-Key, and checks the resources at start."""

    name = "itemsvc.resources"
    # The table has had this label since the first release.
    label = "itemsvc"

    def ready(self) -> None:
        """Registers the checks. Django calls it once, when all apps are loaded."""
        from itemsvc.resources import checks  # noqa: F401, PLC0415  (needs the apps)
