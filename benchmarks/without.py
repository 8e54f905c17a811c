"""The service without one of its optimisations: the programs to measure, and the application for gunicorn."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pkgutil import resolve_name
from typing import Any

import django

from benchmarks.programs import PRODUCT, Program


@dataclass(frozen=True)
class Step:
    """One optimisation: its name and how to undo it.

    ``place`` is the object that ``instead()`` replaces; ``options`` are gunicorn's options that undo it. ``also`` are
    the steps that are undone together with it.
    """

    name: str
    place: str = ""
    instead: Callable[[], Any] = lambda: None
    options: tuple[str, ...] = ()
    also: tuple[Step, ...] = ()

    def program(self) -> Program:
        """The product without this optimisation."""
        title = f"without {self.name}"
        words = [*PRODUCT.command(0), "benchmarks.without:undone()", *self.options]
        environment = {**PRODUCT.environment, "WITHOUT": self.name}
        return replace(PRODUCT, name=title, title=title, command=lambda port: words, environment=environment)

    def undo(self) -> None:
        """Undoes the optimisation in this process."""
        if self.place:
            module, _, path = self.place.partition(":")
            owner, _, attribute = path.rpartition(".")
            setattr(resolve_name(f"{module}:{owner}" if owner else module), attribute, self.instead())
        for step in self.also:
            step.undo()


def drf_path(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
    """Replaces the fast path: every request takes DRF's path."""
    return self._drf_path(environ, start_response)


def written_at_once(self: Any, line: bytes) -> None:
    """Replaces ``Lines.add``: writes each line at once."""
    os.write(1, line)


def sent_as_it_is(self: Any, cursor: Any, sql: str, parameters: Any, prepared: bool) -> None:
    """Replaces ``DatabaseWrapper._send``: prepares no statement."""
    cursor.execute(sql, parameters)


def answered_at_once() -> Callable[..., Any]:
    """Replaces ``FastPath._answer``: checks neither token nor rate limit, and sets no route for metrics."""
    respond, read, asked, fetch = (
        resolve_name(f"itemsvc.{name}")
        for name in (
            "fast.dispatch:respond",
            "fast.dispatch:read",
            "resources.plan.asked:Asked",
            "resources.plan.database:fetch",
        )
    )

    def answer(self: Any, place: Any, key: str, environ: dict[str, Any], start_response: Any) -> Any:
        operation, path, _ = place
        template = self._templates.get(environ, operation, operation.status_code)
        if template is None:
            return self._drf_path(environ, start_response)
        address = template.base + path
        content = operation.answer(asked(environ, path, address, key, partial(read, environ), fetch))
        if content is None:
            return self._drf_path(environ, start_response)
        return respond(environ, start_response, template, content)

    return answer


def counted_alone(self: Any, seconds: float, sql: Any = "", error: BaseException | None = None) -> None:
    """Replaces ``Statistics.record``: counts a statement, but calls no observer."""
    self.queries += 1
    self.seconds += seconds


SWITCHED_OFF = Step(
    "asking for features that are off",
    "itemsvc.fast.dispatch:FastPath._answer",
    answered_at_once,
    also=(Step("", "itemsvc.observability.request_statistics:Statistics.record", lambda: counted_alone),),
)
STEPS = (
    Step("the worker's loop", options=("--worker-class", "gthread")),
    Step("requests read in one pass", "itemsvc.server.fast_parser:read", lambda: lambda data, connection: None),
    Step(
        "the response's own writer",
        "itemsvc.server.request_handling:BufferedResponse",
        lambda: resolve_name("gunicorn.http.wsgi:Response"),
    ),
    Step("probes answered in the loop", "itemsvc.server.event_loop:is_probe", lambda: lambda request: False),
    # Without it, access lines are records of `logging`, with the same formatter.
    Step("access lines without records", "itemsvc.observability.access_log:LOG_FORMAT"),
    Step("access lines written together", "itemsvc.core.logs:Lines.add", lambda: written_at_once),
    Step("statements prepared once", "itemsvc.db.postgresql.base:DatabaseWrapper._send", lambda: sent_as_it_is),
    Step(
        "the socket as health check",
        "itemsvc.db.postgresql.base:DatabaseWrapper.is_usable",
        lambda: resolve_name("django.db.backends.postgresql.base:DatabaseWrapper.is_usable"),
    ),
    Step(
        "texts taken as they are",
        "itemsvc.resources.serializers:StringField.run_validation",
        lambda: resolve_name("rest_framework.serializers:CharField.run_validation"),
    ),
    Step("the fast path", "itemsvc.fast.dispatch:FastPath.__call__", lambda: drf_path),
    SWITCHED_OFF,
    # The fast path needs `Rows` too.
    Step("rows and the fast path", "itemsvc.resources.row_json:Rows.of", lambda: lambda serializer: None),
)


def undone() -> Any:
    """The service's WSGI application without the step that WITHOUT names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsvc.settings")
    django.setup(set_prefix=False)
    next(step for step in STEPS if step.name == os.environ["WITHOUT"]).undo()
    return resolve_name("itemsvc.wsgi:application")
