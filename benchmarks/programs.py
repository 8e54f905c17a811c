"""What is measured: the product and its opponents, how each is started, and where each keeps the same answers."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import LOCAL, OPPONENT_PYTHON, PRODUCT_PYTHON, ROOT

SECRET = "only-for-benchmarks-" + "x7Kq2" * 10
GTHREAD = ("--worker-class", "gthread", "--workers", "1", "--threads", "4", "--keep-alive", "75", "--preload")
#: Whether the opponents write access lines, as the product does. Their best is without.
ACCESS_LOG = False
NO_SOCKET = ("--no-control-socket", "--worker-tmp-dir", "/dev/shm")


@dataclass(frozen=True)
class Program:
    """One server. ``command`` gets the port; ``page`` is the path of the page after an item, which is number ``depth``.

    ``environment`` and ``headers`` come on top of what every program gets.
    """

    name: str
    title: str
    command: Callable[[int], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    slash: str = ""
    directory: Path = ROOT

    def environment_for(self, database_url: str, port: int = 8000) -> dict[str, str]:
        """The process's whole environment: nothing of this one's that could change a figure."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "SECRET_KEY": SECRET,
            "DATABASE_URL": database_url.replace("postgres:", "postgresql:", 1),
            "PORT": str(port),
            **self.environment,
        }

    def page_after(self, key: str, depth: int) -> str:
        """The path of the page that follows item ``key``, the ``depth``-th one."""
        return f"/items?limit=100&after={key}"

    def searching(self, words: str) -> str:
        """The parameter's value for names that have these words, in this order."""
        return words


@dataclass(frozen=True)
class Product(Program):
    """The service with its production settings, as behind a load balancer that ends TLS."""

    def page_after(self, key: str, depth: int) -> str:
        """With the service's own cursor: ordering, backward, inclusive, key; then a checksum."""
        payload = json.dumps(["-created_at", False, False, key], separators=(",", ":")).encode()
        checksum = hashlib.blake2s(payload, digest_size=4).digest()
        return f"/items?limit=100&cursor={base64.urlsafe_b64encode(payload + checksum).decode().rstrip('=')}"


@dataclass(frozen=True)
class Tutorial(Program):
    """Pages by number, and a slash at the end."""

    def page_after(self, key: str, depth: int) -> str:
        """Where ``depth`` is a whole number of pages."""
        return f"/items/?page={depth // 100 + 1}"

    def searching(self, words: str) -> str:
        """In quotes; without, each of the words may be anywhere."""
        return f"%22{words}%22"


def _gunicorn(application: str, *options: str) -> Callable[[int], list[str]]:
    words = [str(OPPONENT_PYTHON), "-m", "gunicorn", f"benchmarks.opponents.{application}:application", *options]
    words += ["--access-logfile", "-"] if ACCESS_LOG else []
    # No configuration file: the project's own would be read from the working directory.
    return lambda port: [*words, "--config", "python:benchmarks.opponents", "--bind", f"127.0.0.1:{port}"]


def _uvicorn(application: str) -> Callable[[int], list[str]]:
    words = [str(OPPONENT_PYTHON), "-m", "uvicorn", f"benchmarks.opponents.{application}:app"]
    words += [] if ACCESS_LOG else ["--no-access-log"]
    return lambda port: [*words, "--host", "127.0.0.1", "--port", str(port)]


PRODUCT = Product(
    "itemsvc",
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
FASTAPI_SYNC = Program("fastapi_sync", "FastAPI sync", _uvicorn("fastapi_sync"))
FASTAPI_ASYNCPG = Program("fastapi_asyncpg", "FastAPI asyncpg", _uvicorn("fastapi_asyncpg"))
FASTAPI_ORM_ASYNC = Program("fastapi_orm_async", "FastAPI SQLAlchemy async", _uvicorn("fastapi_orm_async"))
NINJA = Program("django_ninja", "Django Ninja", _gunicorn("django_ninja", *GTHREAD, *NO_SOCKET))
TUTORIAL = Tutorial("drf_tutorial", "DRF tutorial", _gunicorn("drf_tutorial", *GTHREAD, *NO_SOCKET), slash="/")
FLOOR = Program("floor", "floor (bare WSGI)", _gunicorn("floor", *GTHREAD, *NO_SOCKET))
# What the service's own gunicorn.conf.py and worker, and prepared statements, change about it; without access lines.
OWN_FLOOR = Program(
    "own_floor",
    "floor, our worker",
    lambda port: [str(PRODUCT_PYTHON), "-m", "gunicorn", "benchmarks.opponents.floor:application"],
    environment={
        **PRODUCT.environment,
        "DJANGO_SETTINGS_MODULE": "itemsvc.settings",
        "LOG_LEVEL": "WARNING",
        "PREPARES": "yes",
    },
)

OPPONENTS = (FASTAPI_SYNC, FASTAPI_ASYNCPG, FASTAPI_ORM_ASYNC, NINJA, TUTORIAL, FLOOR, OWN_FLOOR)
EVERYBODY = (PRODUCT, *OPPONENTS)
