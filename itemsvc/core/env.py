"""Reads environment variables strictly: a bad or missing value stops the process with one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Excludes white space, user name, query and fragment.
URL = re.compile(r"[^\s@?#]+")
# Browsers write an origin in lower case, without a path and without the default port.
ORIGIN = re.compile(r"(?:https(?!.*:443$)|http(?!.*:80$))://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
DSN = re.compile(r"https?://[A-Za-z0-9]+(?::[A-Za-z0-9]+)?@[^\s@?#]+/[0-9]+")
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
            raise InvalidConfiguration(var, f"is {raw!r}, which is not {_expected(cast)}.") from None

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
        """Django's settings for a PostgreSQL URL, whose user and password are percent-encoded."""
        url = self.get_value(var)
        parts = _postgres_url(var, url)
        config = dict(self.db_url_config(url, engine="itemsvc.db.postgresql"))
        config["NAME"] = config["NAME"] or parts.path.lstrip("/")
        if not config["NAME"]:
            raise InvalidConfiguration(var, "has no database; write postgres://USER:PASSWORD@HOST:5432/DATABASE.")
        return config


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _postgres_url(var: str, url: str) -> SplitResult:
    # The message must not quote the value, because it holds a password.
    malformed = "is not postgres://USER:PASSWORD@HOST:5432/DATABASE; percent-encode special characters in the password."
    parts = _split(url)
    if parts and parts.scheme not in ("postgres", "postgresql"):
        raise InvalidConfiguration(var, "does not start with postgres://; itemsvc runs on PostgreSQL only.")
    if parts is None or parts.fragment or "@" in parts.path:
        raise InvalidConfiguration(var, malformed)
    return parts


def _expected(cast: Any) -> str:
    if cast is bool:
        return "true or false"
    return "a whole number" if cast is int else "valid"
