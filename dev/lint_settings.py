"""The service's settings, with additions for `make lint`."""

from itemsvc.settings import *  # noqa: F403
from itemsvc.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]

MIGRATION_LINTER_OPTIONS = {
    # We cannot change Django's own migrations.
    "exclude_apps": ["admin", "auth", "contenttypes", "sessions"],
    "warnings_as_errors": [],
    "no_cache": True,
    "quiet": ["ok", "ignore"],
}
