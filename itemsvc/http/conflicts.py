"""409: the database refused the rows because of other rows."""

from __future__ import annotations

import re

from django.apps import apps
from django.db import IntegrityError
from django.db.models import ProtectedError, RestrictedError
from psycopg2.errors import Error, ExclusionViolation, ForeignKeyViolation, UniqueViolation
from rest_framework import status
from rest_framework.exceptions import APIException

#: The columns in PostgreSQL's detail, as in `Key (email)=(…) already exists.` The values are not told.
COLUMNS = re.compile(r"[^(]*\(([^()]+)\)=")
REASONS: dict[type[Error], str] = {
    UniqueViolation: "Another row has this value.",
    ForeignKeyViolation: "There is no such row any more.",
}


class Conflict(APIException):
    """409, with the members that are at fault if they are known."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Another row has a value that must be unique, is still referred to, or is gone."
    default_code = "conflict"


def conflict(exception: IntegrityError) -> Conflict | None:
    """The answer if other rows are the reason. A missing value or a broken rule of the row is the code's fault."""
    cause = exception.__cause__
    if isinstance(cause, UniqueViolation | ForeignKeyViolation):
        names = _members(cause)
        return Conflict({name: [REASONS[type(cause)]] for name in names} if names else None)
    if isinstance(exception, ProtectedError | RestrictedError) or isinstance(cause, ExclusionViolation):
        return Conflict()
    return None


def _members(cause: Error) -> list[str]:
    """The names of the fields; empty if the row is referred to by others."""
    found = COLUMNS.match(cause.diag.message_detail or "")
    model = next((each for each in apps.get_models() if each._meta.db_table == cause.diag.table_name), None)
    if found is None or model is None:
        return []
    columns = [column.strip('" ') for column in found[1].split(",")]
    fields = [field for field in model._meta.concrete_fields if field.column in columns]
    if isinstance(cause, ForeignKeyViolation):
        fields = [field for field in fields if field.is_relation]
    return [field.name for field in fields if not field.primary_key]
