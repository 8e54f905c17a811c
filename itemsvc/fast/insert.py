"""The INSERT statement for a model's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connections, models

from itemsvc.fast.database import database


class Insert:
    """The statement that ``Model.save`` would send for a new row; it returns the columns ``returned``."""

    def __init__(self, model: type[models.Model], returned: Iterable[str]):
        quote = connections["default"].ops.quote_name
        self._fields = [field for field in model._meta.concrete_fields if _is_sent(field)]
        columns = ", ".join(quote(str(field.column)) for field in self._fields)
        values = ", ".join(["%s"] * len(self._fields))
        column = {field.name: str(field.column) for field in model._meta.concrete_fields}
        back = ", ".join(quote(column[name]) for name in returned)
        self.sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({values}) RETURNING {back}"  # noqa: S608

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """The statement's parameters in its order; a field without a value gets its default."""
        return [
            field.get_db_prep_save(
                values[field.name] if field.name in values else field.get_default(), database.connection
            )
            for field in self._fields
        ]


def _is_sent(field: models.Field) -> bool:
    return not field.generated and (field.has_default() or field.db_default is models.NOT_PROVIDED)
