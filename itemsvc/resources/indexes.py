"""Indexes for the filters of a resource."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
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
