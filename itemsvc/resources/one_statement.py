"""Whether the ORM would write a row by one statement and do nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from inspect import getattr_static
from itertools import chain
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import signals
from django.db.models.deletion import Collector, get_candidate_relations_to_delete
from rest_framework.serializers import ModelSerializer

#: The methods of a model that run when a row is read and when it is saved, and the signals that are sent.
READ = ("__init__", "from_db"), ("pre_init", "post_init")
SAVED = ("save", "save_base"), ("pre_save", "post_save")
#: Columns whose value Python sets at a save if they are ``auto_now`` or ``auto_now_add``, and else leaves alone.
TIMES = (models.DateField.pre_save, models.DateTimeField.pre_save, models.TimeField.pre_save)


def saves_in_one_statement(serializer: Any, method: str) -> bool:
    """Whether ``save()`` of a serializer of this class, by `create` or `update`, is one statement and nothing else."""
    return not any(more_than_one_save(serializer, method))


def more_than_one_save(serializer: Any, method: str) -> Iterator[tuple[str, Any]]:
    """What else such a ``save()`` does, with the code that does it."""
    for name in (method, "save"):
        function = getattr(serializer, name, None)
        if function is not getattr(ModelSerializer, name):
            yield f"overrides {name} of its serializer", function
    yield from more_than_one_statement(serializer.Meta.model)
    if _sets_other_rows(serializer):
        yield "sets rows of another table", serializer


@cache
def _sets_other_rows(serializer: Any) -> bool:
    """Whether a member is the other side of a foreign key; True also if only a request tells the members."""
    accessors = {relation.get_accessor_name() for relation in serializer.Meta.model._meta.related_objects}
    with suppress(Exception):
        return any(field.source in accessors and not field.read_only for field in serializer().fields.values())
    return True


def more_than_one_statement(model: type[models.Model]) -> Iterator[tuple[str, Any]]:
    """What else happens when a row is saved, with the code that does it."""
    yield from more_than_columns(model)
    yield from _hooks(model, *SAVED)
    manager = model._default_manager
    for rows, original in ((manager, models.Manager), (manager.all(), models.QuerySet)):
        if type(rows).create is not original.create:
            yield "overrides create of its manager", type(rows).create
    for field in model._meta.concrete_fields:
        if _is_computed(field):
            yield f"computes {field.name} at each save", model
    if model._meta.parents or model._meta.many_to_many:
        yield "has parts in other tables", model


def more_than_columns(model: type[models.Model]) -> Iterator[tuple[str, Any]]:
    """What else happens when a row is read, with the code that does it."""
    yield from _hooks(model, *READ)


def _hooks(model: type[models.Model], methods: Iterable[str], sent: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for name in methods:
        if overrides(model, name):
            yield f"overrides {name} of its model", getattr(model, name)
    for name in sent:
        signal = getattr(signals, name)
        if signal.has_listeners(model):
            yield f"has a receiver of {name}", next(chain(*signal._live_receivers(model)))


def more_than_one_delete(model: type[models.Model]) -> Iterator[tuple[str, Any]]:
    """What else happens when a row is deleted, with the code that does it."""
    if overrides(model, "delete"):
        yield "overrides delete of its model", model.delete
    if Collector(DEFAULT_DB_ALIAS).can_fast_delete(model._base_manager.all()):
        return
    relations: Any = get_candidate_relations_to_delete(model._meta)
    for relation in relations:
        if relation.field.remote_field.on_delete is not models.DO_NOTHING:
            yield f"is referred to by {relation.field}", relation.related_model
    yield "deletes more than its row, or has a receiver", model


def overrides(model: type[models.Model], name: str) -> bool:
    """Whether the model has a method of its own instead of Django's."""
    return getattr_static(model, name) is not getattr_static(models.Model, name)


def _is_computed(field: models.Field) -> bool:
    if type(field).pre_save in TIMES:
        return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))
    return type(field).pre_save is not models.Field.pre_save
