"""The service's settings with a team's own middleware behind its own."""

from itemsvc.settings import *  # noqa: F403
from itemsvc.settings import MIDDLEWARE as OWN

MIDDLEWARE = [*OWN, *(f"tests.security.other_middleware.{name}" for name in ("audit", "cors", "allow_list"))]
