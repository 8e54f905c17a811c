"""Statements that return the rows they made or changed, which Django's own do for one row or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import models, router
from django.db.models import QuerySet, sql
from django.db.models.expressions import DatabaseDefault

Row = TypeVar("Row", bound=models.Model)


def insert(model: type[Row], rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Makes every row or none, in one statement and in the given order; returns them with what the database made."""
    objects: list[models.Model] = [model(**row) for row in rows]
    concrete = model._meta.concrete_fields
    fields = [field for field in concrete if not all(_is_the_databases(field, instance) for instance in objects)]
    query = sql.InsertQuery(model)
    query.insert_values(fields, objects)
    using = router.db_for_write(model)
    made = query.get_compiler(using).execute_sql(concrete)
    return [model.from_db(using, [field.attname for field in concrete], row) for row in made]


def _is_the_databases(field: models.Field, instance: models.Model) -> bool:
    if field.generated:
        return True
    value = getattr(instance, field.attname)
    return isinstance(value, DatabaseDefault) or (field.primary_key and value is None)


def update(rows: QuerySet[Row], values: Mapping[str, Any]) -> list[Row]:
    """Changes these rows in one statement; returns them as they then are, with what triggers made of them."""
    if not values:
        return list(rows)
    query: Any = rows.query.chain(sql.UpdateQuery)
    query.add_update_values(values)
    using = router.db_for_write(rows.model)
    try:
        statement, parameters = query.get_compiler(using).as_sql()
    except EmptyResultSet:  # A condition that no row can meet.
        return []
    return list(rows.model._base_manager.db_manager(using).raw(f"{statement} RETURNING *", parameters))
