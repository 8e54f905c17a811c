"""The service's settings with a team's own middleware behind its own."""

from tests.sample.settings import *  # noqa: F403
from tests.sample.settings import MIDDLEWARE as OWN

OTHERS = ("audit", "cors", "locale", "allow_list", "maintenance", "tenant")
MIDDLEWARE = [*OWN, *(f"tests.security.other_middleware.{name}" for name in OTHERS)]
