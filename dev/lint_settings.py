"""The service's settings and what only `make lint` needs."""

from itemsvc.settings import *  # noqa: F403
from itemsvc.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]

MIGRATION_LINTER_OPTIONS = {
    # Django's own: what they do is not ours to change.
    "exclude_apps": ["admin", "auth", "contenttypes", "sessions"],
    "warnings_as_errors": [],
    "no_cache": True,
    "quiet": ["ok", "ignore"],
}
