"""Indexes for the filters and the orderings of a resource."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import BTreeIndex, GinIndex, OpClass
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Upper


class SearchIndex(GinIndex):
    """Finds a part of a text in any case. A filter with ``lookup_expr="icontains"`` uses it."""

    def __init__(self, field: str, name: str):
        self.field = field
        # `icontains` compares in upper case, so the index holds upper case.
        super().__init__(OpClass(Upper(field), name="gin_trgm_ops"), name=name)

    def deconstruct(self) -> Any:
        """The arguments for a migration."""
        return f"{type(self).__module__}.{type(self).__qualname__}", (self.field,), {"name": self.name}

    def create_sql(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, using: str = "", **kwargs: Any
    ) -> Any:
        """Creates the extension, and returns the index's statement.

        The extension is trusted since PostgreSQL 13, so the database's owner may create it.
        """
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        return super().create_sql(model, schema_editor, using=using, **kwargs)


def is_indexed(model: type[models.Model], names: list[str]) -> bool:
    """Whether an index begins with these columns in one direction, or the first column is unique."""
    first: Any = model._meta.get_field(names[0])
    if first.unique or (first.db_index and len(names) == 1):
        return True
    for constraint in model._meta.constraints:
        if (
            isinstance(constraint, models.UniqueConstraint)
            and constraint.condition is None
            and names[:1] == [*constraint.fields]
        ):
            return True
    return any(_begins_with(index, names) for index in model._meta.indexes)


def _begins_with(index: models.Index, names: list[str]) -> bool:
    if type(index) not in (models.Index, BTreeIndex) or index.condition is not None:
        return False
    beginning = index.fields_orders[: len(names)]
    return [name for name, _ in beginning] == names and len({direction for _, direction in beginning}) == 1
