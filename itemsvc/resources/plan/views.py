"""The operations of a view, as the URLconf has it."""

from __future__ import annotations

from typing import Any

from itemsvc.resources.plan.operations import List, Operation, Retrieve
from itemsvc.resources.plan.writes import Change, Create, Destroy, Replace

KINDS: tuple[type[Operation], ...] = (List, Create, Retrieve, Replace, Change, Destroy)


def planned(view: type[Any]) -> dict[str, Operation]:
    """The operations of a view class that can be planned, by method."""
    return {kind.method: kind(view) for kind in KINDS if kind.fits(view)}


def configured(callback: Any) -> type[Any]:
    """The class of a URLconf's view, with the attributes that ``as_view`` was given."""
    initkwargs = callback.initkwargs
    return type(callback.cls.__name__, (callback.cls,), dict(initkwargs)) if initkwargs else callback.cls
