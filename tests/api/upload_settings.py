"""The service's settings with a view that takes files."""

from itemsvc.settings import *  # noqa: F403

ROOT_URLCONF = "tests.api.upload_urls"
