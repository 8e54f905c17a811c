"""Whether the ORM would write a row by one statement and do nothing else."""

from __future__ import annotations

from inspect import getattr_static

from django.db import models
from django.db.models import signals
from django.db.models.deletion import Collector

#: What runs when a row is read or saved: methods of a model, and signals.
METHODS = ("__init__", "from_db", "save", "save_base")
SIGNALS = (signals.pre_init, signals.post_init, signals.pre_save, signals.post_save)
#: Columns whose value Python sets at a save if they are ``auto_now`` or ``auto_now_add``, and else leaves alone.
TIMES = (models.DateField.pre_save, models.DateTimeField.pre_save, models.TimeField.pre_save)


def is_one_statement(model: type[models.Model]) -> bool:
    """Whether saving a row is one INSERT or UPDATE alone.

    It is not if a method of the model is overridden, a receiver listens, Python computes a column, or the row has parts
    in other tables.
    """
    heard = any(signal.has_listeners(model) for signal in SIGNALS)
    computed = any(_is_computed(field) for field in model._meta.concrete_fields)
    in_parts = model._meta.parents or model._meta.many_to_many
    return not (heard or computed or in_parts or any(overrides(model, name) for name in METHODS))


def deletes_in_one_statement(model: type[models.Model]) -> bool:
    """Whether deleting a row is one DELETE alone: no override, no receiver, no row that refers to it."""
    return not overrides(model, "delete") and Collector("default").can_fast_delete(model._base_manager.all())


def overrides(model: type[models.Model], name: str) -> bool:
    """Whether the model has a method of its own instead of Django's."""
    return getattr_static(model, name) is not getattr_static(models.Model, name)


def _is_computed(field: models.Field) -> bool:
    if type(field).pre_save in TIMES:
        return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))
    return type(field).pre_save is not models.Field.pre_save
