"""Reads environment variables strictly: a bad or missing value stops the process with one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
EXPECTED = {bool: "true or false", int: "a whole number"}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Excludes white space, user name, query and fragment.
URL = re.compile(r"[^\s@?#]+")
# Browsers write an origin in lower case, without a path and without the default port.
ORIGIN = re.compile(r"(?:https(?!.*:443$)|http(?!.*:80$))://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
DSN = re.compile(r"https?://[A-Za-z0-9]+(?::[A-Za-z0-9]+)?@[^\s@?#]+/[0-9]+")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: Django's names of what libpq calls otherwise.
DATABASE_WORDS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
PERIODS = {"s": 1, "min": 60, "hour": 3600, "day": 86_400}


class InvalidConfiguration(SystemExit):
    """Ends the process with exit code 1 and one sentence on standard error.

    It is a ``SystemExit``, because a traceback would hide the one line that helps.
    """

    def __init__(self, variable: str, problem: str):
        super().__init__(f"itemsvc: {variable} {problem}")


class Env(environ.Env):
    """A strict ``environ.Env``.

    A boolean is one of true/false, yes/no, on/off and 1/0. A value that starts with ``$`` is not the name of another
    variable.
    """

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """The value of ``var``, cast; ``default`` if it is unset or empty.

        Raises InvalidConfiguration if it has neither a value nor a default, or if it cannot be parsed.
        """
        raw = self.ENVIRON.get(var, "")
        if raw == "" and default is not self.NOTSET:
            return default
        if raw == "":
            raise InvalidConfiguration(var, "is required and not set; .env.example explains it.")
        try:
            return self.parse_value(raw, cast)
        except ValueError:
            raise InvalidConfiguration(var, f"is {raw!r}, which is not {EXPECTED.get(cast, 'valid')}.") from None

    @classmethod
    def parse_value(cls, value: str, cast: Any) -> Any:
        """``value``, cast; raises ValueError if it is not of this type."""
        if cast is not bool:
            return super().parse_value(value, cast)
        word = value.strip().lower()
        if word not in TRUE | FALSE:
            raise ValueError(word)
        return word in TRUE

    def integer(self, var: str, default: int, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
        """A whole number from ``minimum`` to ``maximum``."""
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
        """A count and a number of seconds: (600, 60) for `600/min`. None if the variable is unset."""
        value = self.get_value(var, default="")
        if not value:
            return None
        count, _, period = value.partition("/")
        if not re.fullmatch("[1-9][0-9]{0,8}", count) or period not in PERIODS:
            raise InvalidConfiguration(
                var, f"is {value!r}, which is not a rate such as 600/min; the units are {', '.join(PERIODS)}."
            )
        return int(count), PERIODS[period]

    def words(self, var: str, default: Any = ()) -> list[str]:
        """A comma-separated list, without the white space around each word and without empty words."""
        value = self.get_value(var, default=default if default is self.NOTSET else ",".join(default))
        words = [word.strip() for word in value.split(",") if word.strip()]
        if not words and default is self.NOTSET:
            raise InvalidConfiguration(var, "is an empty list.")
        return words

    def origins(self, var: str) -> list[str]:
        """A comma-separated list of origins, in the form of the `Origin` header."""
        origins = self.words(var)
        for origin in origins:
            if not ORIGIN.fullmatch(origin) or _split(origin) is None:
                raise InvalidConfiguration(
                    var, f"has {origin!r}, which is not an origin: write https://HOST or https://HOST:PORT."
                )
        return origins

    def bucket(self, var: str) -> str:
        """The name of an S3 bucket, without a scheme; "" if it is unset."""
        name: str = self.get_value(var, default="")
        if name and not BUCKET.fullmatch(name):
            raise InvalidConfiguration(var, f"is {name!r}, which is not the name of an S3 bucket.")
        return name

    def sentry(self, var: str) -> str:
        """A Sentry project's DSN; "" if it is unset."""
        dsn: str = self.get_value(var, default="")
        if dsn and (not DSN.fullmatch(dsn) or _split(dsn) is None):
            raise InvalidConfiguration(var, "is not https://KEY@HOST/PROJECT, the DSN of a Sentry project.")
        return dsn

    def address(self, var: str, default: Any = environ.Env.NOTSET) -> str:
        """An HTTPS URL without query and fragment. Plain HTTP is allowed only to this machine itself."""
        url: str = self.get_value(var, default=default)
        if url == default:
            return url
        parts = _split(url)
        if parts is None or parts.scheme not in ("https", "http") or not parts.hostname or not URL.fullmatch(url):
            raise InvalidConfiguration(var, f"is {url!r}, which is not https://HOST/PATH.")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise InvalidConfiguration(var, f"is {url!r}; use https://, because plain HTTP can be forged.")
        return url

    def database(self, var: str) -> dict[str, Any]:
        """Django's settings for a PostgreSQL URL, as libpq reads it: user, password and host are percent-encoded."""
        words = _libpq_words(var, self.get_value(var))
        if not words.get("dbname"):
            raise InvalidConfiguration(var, "has no database; write postgres://USER:PASSWORD@HOST:5432/DATABASE.")
        parts = {name: words.pop(word, "") for name, word in DATABASE_WORDS.items()}
        return {"ENGINE": "itemsvc.db.postgresql", **parts, "OPTIONS": words}


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _libpq_words(var: str, url: str) -> dict[str, str]:
    """libpq's keywords and their values. No error may quote the URL or libpq's message, which have the password."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql"):
        raise InvalidConfiguration(var, "does not start with postgres://; itemsvc runs on PostgreSQL only.")
    malformed = "is not postgres://USER:PASSWORD@HOST:5432/DATABASE; percent-encode special characters in the password."
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    if "#" in rest or "@" in path or re.search(r"[@\[\]]", authority.rpartition("@")[0]):
        raise InvalidConfiguration(var, malformed)
    _refuse_parameters(var, [pair.partition("=")[0] for pair in query.split("&") if pair], malformed)
    try:
        words: dict[str, str] = parse_dsn(f"postgresql://{rest}")
    except ProgrammingError:
        raise InvalidConfiguration(var, malformed) from None
    if not re.fullmatch("[0-9,]*", words.get("port", "")):
        raise InvalidConfiguration(var, malformed)
    return words


def _refuse_parameters(var: str, names: list[str], malformed: str) -> None:
    for name in names:
        if not re.fullmatch(r"[a-z_]{1,40}", name):
            raise InvalidConfiguration(var, malformed)
        if not _is_parameter(name):
            raise InvalidConfiguration(var, f"has the parameter {name}, which libpq does not have.")
        if names.count(name) > 1:
            raise InvalidConfiguration(var, f"has the parameter {name} more than once.")


def _is_parameter(name: str) -> bool:
    try:
        parse_dsn(f"postgresql:///?{name}=true")
    except ProgrammingError:
        return False
    return True
