"""The database refused the rows: 409 because of other rows, 400 because they break a rule of their model."""

from __future__ import annotations

import re

from django.apps import apps
from django.db import IntegrityError
from django.db.models import ProtectedError, RestrictedError
from psycopg2.errors import CheckViolation, Error, ExclusionViolation, ForeignKeyViolation, UniqueViolation
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.settings import api_settings

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


def refusal(exception: IntegrityError) -> Conflict | ValidationError | None:
    """The answer if the rows are the reason; None if it is the code's fault: a missing value, an undeclared rule."""
    cause = exception.__cause__
    if isinstance(exception, ProtectedError | RestrictedError):
        return Conflict()
    if isinstance(cause, CheckViolation):
        problems = _broken_rule(cause)
        return ValidationError(problems) if problems else None
    if isinstance(cause, UniqueViolation | ForeignKeyViolation):
        return Conflict({name: [REASONS[type(cause)]] for name in _members(cause)} or _broken_rule(cause))
    return Conflict(_broken_rule(cause)) if isinstance(cause, ExclusionViolation) else None


def _broken_rule(cause: Error) -> dict[str, list[str]] | None:
    """What the model's constraint says, with its `violation_error_message`; None if no model declares it."""
    place = cause.diag.table_name, cause.diag.constraint_name
    for model in apps.get_models():
        for rule in model._meta.constraints:
            if place == (model._meta.db_table, rule.name):
                return {api_settings.NON_FIELD_ERRORS_KEY: [str(rule.get_violation_error_message())]}
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
