"""The measured programs: the service, the service with other settings, and its opponents."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from benchmarks.machine import LOCAL, OPPONENT_PYTHON, PRODUCT_PYTHON, ROOT

SECRET = "only-for-benchmarks-" + "x7Kq2" * 10
# Without --config, gunicorn would read the project's own configuration from the working directory.
GUNICORN = (
    str(OPPONENT_PYTHON), "-m", "gunicorn", "benchmarks.opponents.django_ninja:application",
    "--config", "python:benchmarks.opponents", "--worker-class", "gthread", "--workers", "1", "--threads", "4",
    "--keep-alive", "75", "--preload", "--no-control-socket", "--worker-tmp-dir", "/dev/shm",
)  # fmt: skip
FASTIFY_FOLDER = ROOT / "benchmarks" / "opponents" / "fastify"


@dataclass(frozen=True, eq=False)
class Program:
    """One server. ``command`` makes its command from the port.

    ``environment`` and ``headers`` are added to those of every program.
    """

    title: str
    command: Callable[[int], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def environment_for(self, database_url: str, port: int = 8000) -> dict[str, str]:
        """The process's whole environment. It inherits no variable that could change a figure."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "SECRET_KEY": SECRET,
            "DATABASE_URL": database_url.replace("postgres:", "postgresql:", 1),
            "PORT": str(port),
            **self.environment,
        }

    def with_settings(
        self, title: str, environment: Mapping[str, str], headers: Mapping[str, str] = MappingProxyType({})
    ) -> Program:
        """The same program under another title, with more environment and request headers."""
        return replace(
            self, title=title, environment={**self.environment, **environment}, headers={**self.headers, **headers}
        )


def _uvicorn(application: str) -> Callable[[int], list[str]]:
    words = [str(OPPONENT_PYTHON), "-m", "uvicorn", f"benchmarks.opponents.{application}:app", "--no-access-log"]
    return lambda port: [*words, "--host", "127.0.0.1", "--port", str(port)]


#: The service with its production settings, as behind a load balancer with TLS.
OURS = Program(
    "itemsvc",
    lambda port: [str(PRODUCT_PYTHON), "-m", "gunicorn"],
    environment={
        "BIND": "127.0.0.1",
        "ALLOWED_HOSTS": "127.0.0.1",
        "NUM_PROXIES": "1",
        "STATIC_ROOT": str(LOCAL / "static"),
    },
    headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"},
)
#: With the app that has the second resource.
ORDERS = OURS.with_settings("itemsvc, sample app", {"DJANGO_SETTINGS_MODULE": "tests.sample.settings"})
#: With a middleware that the service does not know.
SECOND_DOOR = OURS.with_settings("itemsvc, other middleware", {"DJANGO_SETTINGS_MODULE": "benchmarks.other_middleware"})
SYNC = Program("FastAPI sync", _uvicorn("fastapi_sync"))
ASYNCPG = Program("FastAPI asyncpg", _uvicorn("fastapi_asyncpg"))
NINJA = Program("Django Ninja", lambda port: [*GUNICORN, "--bind", f"127.0.0.1:{port}"])
FASTIFY = Program("Fastify", lambda port: ["node", str(FASTIFY_FOLDER / "server.mjs")])


def missing() -> list[Program]:
    """The opponents that this machine cannot run."""
    return [] if shutil.which("node") and (FASTIFY_FOLDER / "node_modules").is_dir() else [FASTIFY]
