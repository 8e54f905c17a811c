"""The primary keys by which an operation can find its row."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models

from itemsvc.resources import fields
from itemsvc.resources.columns import INTEGERS


class Key(NamedTuple):
    """What keys of one type look like in a path; ``sample`` is one, which shows in a statement where the key is."""

    text: re.Pattern[str]
    sample: Any


#: By the converter in a route.
KEYS = {
    "uuid": Key(re.compile(fields.UUID.pattern), UUID(int=0)),
    "int": Key(re.compile(r"[0-9]{1,18}"), 32767),
}


def key_of(model: type[models.Model]) -> Key | None:
    """What the model's keys look like; None if they are neither UUIDs nor integers."""
    kind = type(model._meta.pk)
    if kind is models.UUIDField:
        return KEYS["uuid"]
    return KEYS["int"] if kind in INTEGERS else None
