"""DATABASES of a Django opponent, from DATABASE_URL."""

from __future__ import annotations

import os
from typing import Any

from environ import Env


def databases(**options: Any) -> dict[str, Any]:
    """The default database; ``options`` are Django's."""
    return {"default": Env.db_url_config(os.environ["DATABASE_URL"]) | options}
