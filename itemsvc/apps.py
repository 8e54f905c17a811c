"""The project as an app, so that Django finds its checks, its commands, its templates and its static files."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps


class ItemsvcConfig(AppConfig):
    """Registers the system checks; reports errors where that is asked for."""

    name = "itemsvc"
    label = "project"
    default = True

    def ready(self) -> None:
        """Called once, when every app is loaded."""
        from itemsvc import checks  # noqa: F401, PLC0415  (registers them; needs the apps)
        from itemsvc.auth import checks as of_auth  # noqa: F401, PLC0415

        if settings.SENTRY_DSN:
            from itemsvc.observability import sentry  # noqa: PLC0415  (off, the SDK is not loaded)

            sentry.start()


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin, with the service's own site."""

    default = False
    default_site = "itemsvc.limits.admin_site.AdminSite"
