"""The measured programs: the product and its opponents, with their commands and paths."""

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
#: Whether the opponents write access lines as the product does. They are faster without.
ACCESS_LOG = False
NO_SOCKET = ("--no-control-socket", "--worker-tmp-dir", "/dev/shm")


@dataclass(frozen=True)
class Program:
    """One server. ``command`` makes its command from the port.

    ``environment`` and ``headers`` are added to those of every program.
    """

    name: str
    title: str
    command: Callable[[int], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    slash: str = ""
    directory: Path = ROOT

    def environment_for(self, database_url: str, port: int = 8000) -> dict[str, str]:
        """The process's whole environment. It inherits no variable that could change a figure."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "SECRET_KEY": SECRET,
            "DATABASE_URL": database_url.replace("postgres:", "postgresql:", 1),
            "PORT": str(port),
            **self.environment,
        }

    def page_after(self, key: str, depth: int) -> str:
        """The path of the page after item ``key``, which is item number ``depth``."""
        return f"/items?limit=100&after={key}"

    def searching(self, words: str) -> str:
        """The parameter's value for a search of these words in this order."""
        return words


@dataclass(frozen=True)
class Product(Program):
    """The service with its production settings, as behind a load balancer with TLS."""

    def page_after(self, key: str, depth: int) -> str:
        """Makes the service's cursor: ordering, backward, inclusive, key and checksum."""
        payload = json.dumps(["-created_at", False, False, key], separators=(",", ":")).encode()
        checksum = hashlib.blake2s(payload, digest_size=4).digest()
        return f"/items?limit=100&cursor={base64.urlsafe_b64encode(payload + checksum).decode().rstrip('=')}"


@dataclass(frozen=True)
class Tutorial(Program):
    """It has page numbers and a slash at the end of paths."""

    def page_after(self, key: str, depth: int) -> str:
        """Needs a ``depth`` of whole pages."""
        return f"/items/?page={depth // 100 + 1}"

    def searching(self, words: str) -> str:
        """Adds quotes. Without them each word may be anywhere in the name."""
        return f"%22{words}%22"


def _gunicorn(application: str, *options: str) -> Callable[[int], list[str]]:
    words = [str(OPPONENT_PYTHON), "-m", "gunicorn", f"benchmarks.opponents.{application}:application", *options]
    words += ["--access-logfile", "-"] if ACCESS_LOG else []
    # Without this option, gunicorn would read the project's own configuration from the working directory.
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
# The floor with the service's gunicorn.conf.py, worker and prepared statements, without access lines.
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
