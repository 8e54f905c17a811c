"""The service's settings with a middleware around all others and one within, and with one view more."""

from tests.sample.settings import *  # noqa: F403
from tests.sample.settings import MIDDLEWARE as OWN

MIDDLEWARE = ["tests.faults.raising_django.First", *OWN, "tests.faults.raising_django.Last"]
ROOT_URLCONF = "tests.faults.raising_django"
