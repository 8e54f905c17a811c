"""The service's settings with a first and a last middleware and one more view."""

from tests.sample.settings import *  # noqa: F403
from tests.sample.settings import MIDDLEWARE as OWN

MIDDLEWARE = ["tests.faults.raising_django.First", *OWN, "tests.faults.raising_django.Last"]
ROOT_URLCONF = "tests.faults.raising_django"
