"""gunicorn's settings that are not honoured: one of them stops the start, so that nobody relies on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from itemsvc.core.env import InvalidConfiguration


def refuse(cfg: Any, names: Iterable[str], reason: str) -> None:
    """Raises InvalidConfiguration if one of these settings has another value than gunicorn's default."""
    for name in names:
        setting = cfg.settings[name]
        if setting.get() != type(setting)().get():
            raise InvalidConfiguration(f"gunicorn's setting {name}", reason)
