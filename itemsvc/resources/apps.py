"""The app that holds what all resources share."""

from django.apps import AppConfig
from django.urls import converters


class ResourcesConfig(AppConfig):
    """Stores the responses for an Idempotency-Key, and checks the resources at start."""

    name = "itemsvc.resources"
    # The table has had this label since the first release.
    label = "itemsvc"

    def ready(self) -> None:
        """Registers the checks. Django calls it once, when all apps are loaded, and before it loads the URLconf."""
        # A UUID may be in upper case (RFC 9562, section 4). Django refuses to register a converter of a known name.
        converters.UUIDConverter.regex = converters.UUIDConverter.regex.replace("a-f", "a-fA-F")
        from itemsvc.resources import checks  # noqa: F401, PLC0415  (needs the apps)
