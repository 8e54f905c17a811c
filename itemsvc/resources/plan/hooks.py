"""A view's `get_queryset` and `perform_create`, which may depend on the caller and on nothing else of a request."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import getsource, isfunction
from textwrap import dedent
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import QuerySet
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import CreateModelMixin

from itemsvc.auth.authentication import CALLER, caller
from itemsvc.resources.plan.database import database

Environ = dict[str, Any]
#: What a method may say of its caller.
OF_CALLER = frozenset({"user", "auth", "subject", "claim"})
#: The methods that may be a team's: the class with the original, and the attributes that their one statement may have.
METHODS = {
    "get_queryset": (GenericAPIView, OF_CALLER | {"filter", "exclude"}),
    "perform_create": (CreateModelMixin, OF_CALLER | {"save"}),
}
#: A SQL condition, and its parameters.
Condition = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Selection:
    """The rows that a request may see; two with the same SQL condition differ in its values alone."""

    sql: str
    queryset: QuerySet = field(compare=False)
    values: tuple[Any, ...] = field(compare=False)


def selections(view: type[Any]) -> Callable[[Environ], Selection | None]:
    """What gives a request's selection; None where DRF's path must say what is wrong."""
    if view.get_queryset is not GenericAPIView.get_queryset:
        return lambda environ: _selection_of(view, environ)
    every = Selection("", view.queryset, own_values(view.queryset))
    return lambda environ: every


def added_values(view: type[Any], environ: Environ) -> dict[str, Any] | None:
    """What `perform_create` gives to the serializer's `save`; None where DRF's path must say what is wrong."""
    added: dict[str, Any] = {}
    with suppress(Exception):
        _asked(view, environ).perform_create(_Serializer(added))
        return added
    return None


def own_values(queryset: QuerySet) -> tuple[Any, ...]:
    """The parameters of a queryset's condition."""
    try:
        return where(queryset)[1]
    except (EmptyResultSet, FullResultSet):
        return ()


def may_find(queryset: QuerySet) -> bool:
    """Whether a row could fulfil the queryset's condition. Django writes no SQL for one that none can."""
    try:
        where(queryset)
    except (EmptyResultSet, FullResultSet) as result:
        return isinstance(result, FullResultSet)
    return True


def where(queryset: QuerySet) -> Condition:
    """The queryset's condition; raises EmptyResultSet or FullResultSet if no row or every row fulfils it."""
    compiler = queryset.query.get_compiler(connection=database.connection)
    sql, parameters = queryset.query.where.as_sql(compiler, database.connection)
    return sql, tuple(parameters)


def looks_at_caller_only(view: type[Any], name: str) -> bool:
    """Whether the view's method of this name can run without a request."""
    if name not in METHODS:
        return False
    original, attributes = METHODS[name]
    own = [vars(each)[name] for each in view.__mro__ if name in vars(each) and each is not original]
    return all(_is_plain(function, attributes) for function in own)


class _Request:
    """What is known of the request: its caller."""

    def __init__(self, environ: Environ, view: Any):
        self.META = environ
        self._has_user = bool(view.authentication_classes)

    @property
    def user(self) -> Any:
        """As DRF's for a verified token; raises LookupError without one."""
        if not self._has_user:
            raise LookupError
        return self.META[CALLER]

    auth = user


class _Serializer:
    """Remembers what it should save."""

    def __init__(self, added: dict[str, Any]):
        self.save = added.update


def _asked(view: type[Any], environ: Environ) -> Any:
    asked = view()
    asked.request = _Request(environ, view)
    return asked


def _selection_of(view: type[Any], environ: Environ) -> Selection | None:
    with suppress(Exception):
        queryset = _asked(view, environ).get_queryset()
        sql, values = where(queryset)
        return Selection(sql, queryset, values)
    return None


def _is_plain(function: Any, attributes: frozenset[str]) -> bool:
    """Whether it is one statement of calls with names for their values, constants, and these attributes."""
    if not isfunction(function) or hasattr(function, "__wrapped__"):
        return False  # It may be another function's.
    with suppress(OSError, SyntaxError):
        match ast.parse(dedent(getsource(function))).body:
            case [ast.FunctionDef(body=[*documentation, ast.Return() | ast.Expr() as statement], decorator_list=[])]:
                return all(map(_is_text, documentation)) and all(
                    _is_part(part, function, attributes) for part in ast.walk(statement)
                )
    return False


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_part(part: ast.AST, function: Any, attributes: frozenset[str]) -> bool:
    match part:
        case ast.Attribute(ast.Call(ast.Name("super")), name):
            return name == "get_queryset"
        case ast.Attribute(ast.Name("self"), name):
            return name == "request"
        case ast.Attribute(attr=name):
            return name in attributes
        case ast.Name(name):
            return name in ("self", "super", "serializer") or function.__globals__.get(name) is caller
        case ast.keyword(arg=name):
            return name is not None
    return isinstance(part, ast.Return | ast.Expr | ast.Call | ast.Constant | ast.Load)
