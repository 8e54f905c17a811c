"""The service with views that name no `resource`."""

from tests.sample.settings import *  # noqa: F403

ROOT_URLCONF = "tests.security.unnamed_urls"
