"""The service's settings with views that fail, each in its own way."""

from itemsvc.settings import *  # noqa: F403

ROOT_URLCONF = "tests.api.failing_urls"
