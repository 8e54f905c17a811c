"""The project as an app, so that Django finds its checks, commands, templates and static files."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps


class ItemsvcConfig(AppConfig):
    """Registers the system checks, and starts Sentry if it is on."""

    name = "itemsvc"
    label = "project"
    default = True

    def ready(self) -> None:
        """Called once, after all apps are loaded."""
        from itemsvc import checks  # noqa: F401, PLC0415  (registers the checks; needs the apps)
        from itemsvc.auth import checks as auth_checks  # noqa: F401, PLC0415

        if settings.SENTRY_DSN:
            from itemsvc.observability import sentry  # noqa: PLC0415  (loads the SDK)

            sentry.start()


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin with the service's own site."""

    default = False
    default_site = "itemsvc.limits.admin_site.AdminSite"
