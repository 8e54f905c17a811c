"""The statements that write one row, and return the columns that its representation needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.db import connections, models
from django.db.models import QuerySet, sql
from django.db.models.expressions import RawSQL

from itemsvc.resources.conditional import VERSION
from itemsvc.resources.plan.database import database
from itemsvc.resources.plan.hooks import Selection
from itemsvc.resources.plan.keys import key_of


class Insert:
    """The statements that the ORM would send for new rows: one for each set of names that have a value."""

    def __init__(self, model: type[models.Model], returned: Iterable[str]):
        self._model, self._back = model, returning(model, returned)
        self._fields = [field for field in model._meta.concrete_fields if not field.generated]
        self._sent = lru_cache(maxsize=256)(self._fields_of)
        self._parts = lru_cache(maxsize=256)(self._parts_of)

    def _fields_of(self, names: tuple[str, ...]) -> list[models.Field]:
        """The fields that get a value: the others are the database's to set."""
        return [field for field in self._fields if field.name in names or not _is_databases(field)]

    def sql(self, names: tuple[str, ...], rows: int = 1) -> str | None:
        """The SQL; None if a name is no column."""
        parts = self._parts(names)
        return parts and f"{parts[0]} {', '.join([parts[1]] * rows)} {self._back}"

    def _parts_of(self, names: tuple[str, ...]) -> tuple[str, str] | None:
        """The SQL before the rows, and that of each row."""
        if not {field.name for field in self._fields} >= {*names}:
            return None
        quote, sent = connections["default"].ops.quote_name, self._sent(names)
        columns, row = ", ".join(quote(str(field.column)) for field in sent), ", ".join(map(placeholder, sent))
        return f"INSERT INTO {quote(self._model._meta.db_table)} ({columns}) VALUES", f"({row})"

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """One row's parameters in the statement's order; a field without a value gets its default."""
        return [
            parameter(field, values[field.name] if field.name in values else field.get_default())
            for field in self._sent((*values,))
        ]


class Update:
    """The statements that change one row of a selection: one for each set of names, and number of versions."""

    def __init__(self, model: type[models.Model], returned: Iterable[str]):
        self._model, self._back = model, returning(model, returned)
        self._fields = {field.name: field for field in model._meta.concrete_fields}
        self.sql = lru_cache(maxsize=256)(self._sql)

    def _sql(self, selection: Selection, names: tuple[str, ...], versions: int) -> str | None:
        """The SQL; None if a name is no column, or the parameters are in another order."""
        if not self._fields.keys() >= {*names}:
            return None
        query: Any = one(selection.queryset, versions).query.chain(sql.UpdateQuery)
        places = {name: placeholder(self._fields[name]) for name in names}
        query.add_update_values({name: RawSQL(place, [name]) for name, place in places.items()})  # noqa: S611
        return _only(query, [*names, *selection.values, *samples(self._model, versions)], self._back)

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters that set the columns, which come first."""
        return [parameter(self._fields[name], value) for name, value in values.items()]


def delete_one(selection: Selection, versions: int) -> str | None:
    """The statement that deletes one row of a selection; None if its parameters are in another order."""
    query = one(selection.queryset, versions).query.chain(sql.DeleteQuery)
    return _only(query, [*selection.values, *samples(selection.queryset.model, versions)], "RETURNING 1")


def one(queryset: QuerySet, versions: int) -> QuerySet:
    """The row with the sample of a key; with ``versions`` above 0 only if it has one of as many versions."""
    key, *wanted = samples(queryset.model, versions)
    row = queryset.order_by().filter(pk=key)
    return row.filter(**{f"{VERSION}__in": wanted}) if wanted else row


def samples(model: type[models.Model], versions: int) -> list[Any]:
    """The parameters of the condition that ``one`` adds."""
    key: Any = key_of(model)
    return [key.sample, *range(-versions, 0)]


def _only(query: sql.Query, expected: list[Any], back: str) -> str | None:
    statement, parameters = query.get_compiler("default").as_sql()
    return f"{statement} {back}" if [*parameters] == expected else None


def returning(model: type[models.Model], names: Iterable[str]) -> str:
    """The clause that returns these columns."""
    column = {field.name: str(field.column) for field in model._meta.concrete_fields}
    quote = connections["default"].ops.quote_name
    return f"RETURNING {', '.join(quote(column[name]) for name in names)}"


def parameter(field: models.Field, value: Any) -> Any:
    """The value as the driver takes it; a row that a foreign key refers to is its key."""
    if isinstance(value, models.Model):
        value = getattr(value, field.target_field.attname)  # type: ignore[attr-defined]
    return field.get_db_prep_save(value, database.connection)


def placeholder(field: Any) -> str:
    """The parameter's place; an array's has its type, because PostgreSQL could not tell the type of an empty one."""
    get_placeholder = getattr(field, "get_placeholder", None)
    return get_placeholder(None, None, connections["default"]) if get_placeholder else "%s"


def _is_databases(field: models.Field) -> bool:
    """Whether the database sets the column of a new row."""
    has_default = field.has_default() or field.db_default is models.NOT_PROVIDED
    return isinstance(field, models.AutoField) or not has_default
