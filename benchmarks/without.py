"""The service with one of its optimisations undone: what is measured, and the application that gunicorn is given."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pkgutil import resolve_name
from typing import Any

import django

from benchmarks.programs import PRODUCT, Program


@dataclass(frozen=True)
class Step:
    """What it is called; the object that is it, and what stands there instead; or gunicorn's options that undo it.

    ``also`` are steps that are undone with it.
    """

    name: str
    place: str = ""
    instead: Callable[[], Any] = lambda: None
    options: tuple[str, ...] = ()
    also: tuple[Step, ...] = ()

    def program(self) -> Program:
        """The product without it."""
        title = f"without {self.name}"
        words = [*PRODUCT.command(0), "benchmarks.without:undone()", *self.options]
        environment = {**PRODUCT.environment, "WITHOUT": self.name}
        return replace(PRODUCT, name=title, title=title, command=lambda port: words, environment=environment)

    def undo(self) -> None:
        """Undoes it in this process."""
        if self.place:
            module, _, path = self.place.partition(":")
            owner, _, attribute = path.rpartition(".")
            setattr(resolve_name(f"{module}:{owner}" if owner else module), attribute, self.instead())
        for step in self.also:
            step.undo()


def ordinary(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
    """Instead of the short way: Django and Django REST Framework."""
    return self._ordinary(environ, start_response)


def written_at_once(self: Any, line: bytes) -> None:
    """Instead of keeping it for the next ones."""
    os.write(1, line)


def sent_as_it_is(self: Any, cursor: Any, sql: str, parameters: Any, prepared: bool) -> None:
    """Instead of preparing it."""
    cursor.execute(sql, parameters)


def answered_at_once() -> Callable[..., Any]:
    """Instead of asking for a token and a permit first, and leaving the route for who may want it."""
    respond = resolve_name("itemsvc.fast.dispatch:respond")

    def answer(self: Any, operation: Any, name: str, environ: dict[str, Any], start_response: Any) -> Any:
        frame = self._frames.get(environ, operation)
        content = frame and operation.answer(environ, frame, name)
        if content is None:
            return self._ordinary(environ, start_response)
        return respond(environ, start_response, frame, *content)

    return answer


def counted_alone(self: Any, seconds: float, sql: Any = "", error: BaseException | None = None) -> None:
    """Instead of counting a statement and telling of it whoever wants to know."""
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
        "itemsvc.server.event_loop:Answer",
        lambda: resolve_name("gunicorn.http.wsgi:Response"),
    ),
    Step("probes answered in the loop", "itemsvc.server.event_loop:is_probe", lambda: lambda request: False),
    # They are logging's records then, with the same formatter.
    Step("access lines without records", "itemsvc.server.worker:LOG_FORMAT"),
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
    Step("the short way", "itemsvc.fast.dispatch:FastPath.__call__", lambda: ordinary),
    SWITCHED_OFF,
    # The short way needs them too.
    Step("rows and the short way", "itemsvc.resources.row_json:Rows.of", lambda: lambda serializer: None),
)


def undone() -> Any:
    """The service's WSGI application without the step that WITHOUT names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsvc.settings")
    django.setup(set_prefix=False)
    next(step for step in STEPS if step.name == os.environ["WITHOUT"]).undo()
    return resolve_name("itemsvc.wsgi:application")
