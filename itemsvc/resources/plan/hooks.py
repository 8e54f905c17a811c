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


def where(queryset: QuerySet) -> Condition:
    """The queryset's condition; raises EmptyResultSet or FullResultSet if no row or every row fulfils it."""
    compiler = queryset.query.get_compiler(connection=database.connection)
    sql, parameters = queryset.query.where.as_sql(compiler, database.connection)
    return sql, tuple(parameters)


def looks_at_caller_only(view: type[Any], name: str) -> bool:
    """Whether the view's method of this name can run without a request."""
    known = {"get_queryset": (_is_filter, GenericAPIView), "perform_create": (_is_save, CreateModelMixin)}
    if name not in known:
        return False
    fits, original = known[name]
    own = [vars(each)[name] for each in view.__mro__ if name in vars(each) and each is not original]
    return all(fits(function) for function in own)


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


def _is_filter(function: Any) -> bool:
    """Whether it is `return super().get_queryset().filter(NAME=VALUE)`, or the like."""
    match _statement(function):
        case ast.Return(ast.Call() as call):
            return _is_filtered(call, function)
    return False


def _is_filtered(call: ast.expr, function: Any) -> bool:
    match call:
        case ast.Call(ast.Attribute(ast.Call(ast.Name("super"), [], []), "get_queryset"), [], []):
            return True
        case ast.Call(ast.Attribute(rows, "filter" | "exclude"), [], names):
            return _are_plain(names, function) and _is_filtered(rows, function)
    return False


def _is_save(function: Any) -> bool:
    """Whether it is `serializer.save(NAME=VALUE)` alone."""
    match _statement(function):
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "save"), [], names)):
            return function.__code__.co_varnames[1:2] == (name,) and _are_plain(names, function)
    return False


def _statement(function: Any) -> ast.stmt | None:
    """The function's one statement beside a docstring; None if it has more, or may be another function's."""
    if not isfunction(function) or hasattr(function, "__wrapped__"):
        return None
    with suppress(OSError, SyntaxError):
        match ast.parse(dedent(getsource(function))).body:
            case [ast.FunctionDef(body=[*documentation, statement], decorator_list=[])]:
                return statement if all(map(_is_text, documentation)) else None
    return None


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _are_plain(names: list[ast.keyword], function: Any) -> bool:
    return all(each.arg and _is_plain(each.value, function) for each in names)


def _is_plain(value: ast.expr, function: Any) -> bool:
    """Whether it is a constant, or the caller."""
    match value:
        case ast.Constant():
            return True
        case ast.Call(ast.Name(name), [ast.Attribute(ast.Name("self"), "request")], []):
            return function.__globals__.get(name) is caller
        case ast.Attribute(ast.Attribute(ast.Name("self"), "request"), "user" | "auth"):
            return True
        case ast.Attribute(inner, "subject" | "claim"):
            return _is_plain(inner, function)
    return False
