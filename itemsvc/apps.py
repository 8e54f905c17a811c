"""The project as an app, so that Django finds its checks, its commands, its templates and its static files."""

from django.apps import AppConfig


class ItemsvcConfig(AppConfig):
    """Registers the system checks."""

    name = "itemsvc"

    def ready(self) -> None:
        """Called once, when every app is loaded."""
        from itemsvc import checks  # noqa: F401, PLC0415  (registers them; needs the apps)
