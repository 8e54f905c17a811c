"""The service's settings, with an app of the tests' own instead of a team's."""

from itemsvc.settings import *  # noqa: F403
from itemsvc.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sample"]
ROOT_URLCONF = "tests.sample.urls"
