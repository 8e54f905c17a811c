"""Environment variables, read strictly: a bad or missing value stops the process with one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar
from urllib.parse import SplitResult, urlsplit

import environ

T = TypeVar("T")

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# No white space, user name, query or fragment.
URL = re.compile(r"[^\s@?#]+")
# As browsers write it: in lower case, without a path. Browsers leave the scheme's own port out.
ORIGIN = re.compile(r"(?:https(?!.*:443$)|http(?!.*:80$))://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
DSN = re.compile(r"https?://[A-Za-z0-9]+(?::[A-Za-z0-9]+)?@[^\s@?#]+/[0-9]+")
PERIODS = {"s": 1, "min": 60, "hour": 3600, "day": 86_400}


class InvalidConfiguration(SystemExit):
    """Ends the process with exit code 1 and one sentence on standard error.

    A ``SystemExit``, because whatever imports the settings (gunicorn, a management command, a test) must stop there,
    and a traceback would bury the one line that helps.
    """

    def __init__(self, variable: str, problem: str):
        super().__init__(f"itemsvc: {variable} {problem}")


class Env(environ.Env):
    """``environ.Env`` without its leniency.

    Booleans take true/false, yes/no, on/off, 1/0 and nothing else, and a value that starts with ``$`` is that value,
    not the name of another variable.
    """

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """The value of ``var``, cast; ``default`` where it is unset or empty.

        Raises InvalidConfiguration where it is missing without a default, or does not parse.
        """
        raw = self.ENVIRON.get(var, "")
        if raw == "" and default is not self.NOTSET:
            return default
        if raw == "":
            raise InvalidConfiguration(var, "is required and not set; .env.example says what it is.")
        try:
            return self.parse_value(raw, cast)
        except ValueError:
            raise InvalidConfiguration(var, f"is {raw!r}, which is not {_expected(cast)}.") from None

    @classmethod
    def parse_value(cls, value: str, cast: Any) -> Any:
        """``value`` cast; raises ValueError for a boolean that is none."""
        if cast is not bool:
            return super().parse_value(value, cast)
        word = value.strip().lower()
        if word not in TRUE | FALSE:
            raise ValueError(word)
        return word in TRUE

    def integer(self, var: str, default: int, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
        """A whole number from ``minimum`` to ``maximum``, both included."""
        value: int = self.get_value(var, cast=int, default=default)
        if not minimum <= value <= maximum:
            raise InvalidConfiguration(var, f"is {value}, which is not from {minimum} to {maximum}.")
        return value

    def choice(self, var: str, default: str, choices: tuple[str, ...], normalise: Callable[[str], str] = str) -> str:
        """One of ``choices``."""
        value = normalise(self.get_value(var, default=default))
        if value not in choices:
            raise InvalidConfiguration(var, f"is {value!r}, which is not one of {', '.join(choices)}.")
        return value

    def rate(self, var: str) -> tuple[int, int] | None:
        """A count and the seconds it is for, of `600/min`; None where it is unset."""
        value = self.get_value(var, default="")
        if not value:
            return None
        count, _, period = value.partition("/")
        if not re.fullmatch("[1-9][0-9]{0,8}", count) or period not in PERIODS:
            raise InvalidConfiguration(var, f"is {value!r}, which is not a count per {', '.join(PERIODS)}, as 600/min.")
        return int(count), PERIODS[period]

    def words(self, var: str, default: Any = ()) -> list[str]:
        """A comma-separated list, white space around each word removed, empty words dropped."""
        value = self.get_value(var, default=default if default is self.NOTSET else ",".join(default))
        words = [word.strip() for word in value.split(",") if word.strip()]
        if not words and default is self.NOTSET:
            raise InvalidConfiguration(var, "names nothing.")
        return words

    def origins(self, var: str) -> list[str]:
        """A comma-separated list of origins, each as browsers send it in `Origin`."""
        origins = self.words(var)
        for origin in origins:
            if not ORIGIN.fullmatch(origin) or _split(origin) is None:
                problem = (
                    f"names {origin!r}, which is no origin as browsers send it: https://HOST or https://HOST:PORT."
                )
                raise InvalidConfiguration(var, problem)
        return origins

    def sentry(self, var: str) -> str:
        """A Sentry project's DSN; "" where it is unset."""
        dsn: str = self.get_value(var, default="")
        if dsn and (not DSN.fullmatch(dsn) or _split(dsn) is None):
            raise InvalidConfiguration(var, "is not https://KEY@HOST/PROJECT, as Sentry shows it for a project.")
        return dsn

    def address(self, var: str, default: Any = environ.Env.NOTSET) -> str:
        """An HTTPS URL without query and fragment; plain HTTP to this machine itself alone."""
        url: str = self.get_value(var, default=default)
        if url == default:
            return url
        parts = _split(url)
        if parts is None or parts.scheme not in ("https", "http") or not parts.hostname or not URL.fullmatch(url):
            raise InvalidConfiguration(var, f"is {url!r}, which is not https://HOST/PATH.")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise InvalidConfiguration(var, f"is {url!r}, over which anybody on the way could make keys; use https://.")
        return url

    def database(self, var: str) -> dict[str, Any]:
        """Django's settings for a PostgreSQL URL; user and password are percent-decoded."""
        url = self.get_value(var)
        parts = _postgres_url(var, url)
        config = dict(self.db_url_config(url, engine="itemsvc.db.postgresql"))
        config["NAME"] = config["NAME"] or parts.path.lstrip("/")
        if not config["NAME"]:
            raise InvalidConfiguration(var, "names no database; write postgres://USER:PASSWORD@HOST:5432/DATABASE.")
        return config


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _postgres_url(var: str, url: str) -> Any:
    # Says nothing of the value: it holds a password.
    malformed = "is not postgres://USER:PASSWORD@HOST:5432/DATABASE; percent-encode what is reserved in the password."
    parts = _split(url)
    if parts is None:
        _refuse(var, malformed)
    if parts.scheme not in ("postgres", "postgresql"):
        _refuse(var, "does not start with postgres://; PostgreSQL is the only database that itemsvc runs on.")
    if parts.fragment or "@" in (parts.path or ""):
        _refuse(var, malformed)
    return parts


def _refuse(var: str, problem: str) -> NoReturn:
    raise InvalidConfiguration(var, problem) from None


def _expected(cast: Any) -> str:
    if cast is bool:
        return "true or false"
    return "a whole number" if cast is int else "valid"
