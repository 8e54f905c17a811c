"""The INSERT statement for a model's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.db import connections, models
from django.db.models import signals

from itemsvc.fast.database import database

SIGNALS = (signals.pre_init, signals.post_init, signals.pre_save, signals.post_save)
#: What sets the time at a save if the column is ``auto_now`` or ``auto_now_add``, and else nothing.
TIMES = (models.DateField.pre_save, models.DateTimeField.pre_save, models.TimeField.pre_save)


class Insert:
    """The statement that ``Model.save`` would send for a new row; it returns the columns ``returned``."""

    def __init__(self, model: type[models.Model], returned: Iterable[str]):
        self._meta = model._meta
        self._returned = ", ".join(_quoted(model._meta.get_field(name)) for name in returned)
        self._optional = [field.name for field in model._meta.concrete_fields if self._is_set_by_database(field)]
        self._form = lru_cache(maxsize=64)(self._make_form)

    def statement(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The SQL and its parameters; a column without a value gets its default, the model's or the database's."""
        sql, fields = self._form(tuple(name for name in self._optional if name in values))
        return sql, [_parameter(field, values) for field in fields]

    def _make_form(self, optional: tuple[str, ...]) -> tuple[str, list[models.Field]]:
        fields = [
            field for field in self._meta.concrete_fields if field.name in optional or field.name not in self._optional
        ]
        table = connections["default"].ops.quote_name(self._meta.db_table)
        columns, places = ", ".join(map(_quoted, fields)), ", ".join(map(_placeholder, fields))
        return f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING {self._returned}", fields  # noqa: S608

    def _is_set_by_database(self, field: models.Field) -> bool:
        has_default = field.has_default() or field.db_default is models.NOT_PROVIDED
        return field.generated or field is self._meta.auto_field or not has_default

    @staticmethod
    def is_all(model: type[models.Model]) -> bool:
        """Whether saving a new row is this INSERT alone: no override, no signal receiver, no parent's table."""
        overridden = model.save is not models.Model.save or model.save_base is not models.Model.save_base
        heard = any(signal.has_listeners(model) for signal in SIGNALS)
        return not (overridden or heard or any(map(_is_computed, model._meta.concrete_fields)) or model._meta.parents)


def _is_computed(field: Any) -> bool:
    if type(field).pre_save in TIMES:
        return bool(field.auto_now or field.auto_now_add)
    return type(field).pre_save is not models.Field.pre_save


def _quoted(field: Any) -> str:
    return str(connections["default"].ops.quote_name(field.column))


def _placeholder(field: Any) -> str:
    """An array's has its type; without it, PostgreSQL could not tell the type of an empty one."""
    get_placeholder = getattr(field, "get_placeholder", None)
    return get_placeholder(None, None, connections["default"]) if get_placeholder else "%s"


def _parameter(field: Any, values: Mapping[str, Any]) -> Any:
    value = values[field.name] if field.name in values else field.get_default()
    if field.is_relation:
        value = getattr(value, "pk", value)
    return field.get_db_prep_save(value, database.connection)
