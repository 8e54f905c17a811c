"""Statements that return all rows that they made or changed. Django's own return one row or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import models, router
from django.db.models import QuerySet, sql
from django.db.models.expressions import DatabaseDefault

Row = TypeVar("Row", bound=models.Model)


def insert(model: type[Row], rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Inserts all rows in one statement and in the given order; returns them with the columns that the database set."""
    objects: list[models.Model] = [model(**row) for row in rows]
    concrete = model._meta.concrete_fields
    fields = [field for field in concrete if not all(_is_set_by_database(field, instance) for instance in objects)]
    query = sql.InsertQuery(model)
    query.insert_values(fields, objects)
    using = router.db_for_write(model)
    inserted = query.get_compiler(using).execute_sql(concrete)
    return [model.from_db(using, [field.attname for field in concrete], row) for row in inserted]


def _is_set_by_database(field: models.Field, instance: models.Model) -> bool:
    if field.generated:
        return True
    value = getattr(instance, field.attname)
    return isinstance(value, DatabaseDefault) or (field.primary_key and value is None)


def update(rows: QuerySet[Row], values: Mapping[str, Any]) -> list[Row]:
    """Changes these rows in one statement; returns them as they are afterwards, with the changes of triggers."""
    if not values:
        return list(rows)
    query: Any = rows.query.chain(sql.UpdateQuery)
    query.add_update_values(values)
    using = router.db_for_write(rows.model)
    try:
        statement, parameters = query.get_compiler(using).as_sql()
    except EmptyResultSet:  # No row can fulfil the condition.
        return []
    return list(rows.model._base_manager.db_manager(using).raw(f"{statement} RETURNING *", parameters))
