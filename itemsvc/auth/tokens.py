"""Tokens that were verified lately: what a repeat needs, without the libraries that verify."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic

#: Seconds for which a verified token is not verified again: so long a withdrawn key may still work.
VERIFIED_SECONDS = 60
MAX_VERIFIED = 4096


class InvalidTokenError(Exception):
    """The token is refused; the message is a sentence for its sender."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a verified token names, and what it allows; DRF's `request.user`."""

    subject: str
    scopes: frozenset[str]
    is_authenticated: bool = True

    def __str__(self) -> str:
        return self.subject


class IssuerUnavailableError(Exception):
    """The issuer does not answer, so nobody can tell whether a token is good."""


class VerifiedTokens:
    """The callers of tokens that were verified lately; the oldest gives way."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, Caller]] = {}
        self._lock = threading.Lock()

    def get(self, token: str) -> Caller | None:
        """The caller; None where the token is to be verified first."""
        entry = self._entries.get(token)
        return entry[1] if entry and monotonic() < entry[0] else None

    def add(self, token: str, caller: Caller, seconds: float) -> None:
        """Keeps the caller for so long, at most VERIFIED_SECONDS."""
        now = monotonic()
        with self._lock:
            self._entries.pop(token, None)
            while self._entries and (len(self._entries) >= MAX_VERIFIED or self._oldest[1][0] <= now):
                del self._entries[self._oldest[0]]
            self._entries[token] = (now + min(seconds, VERIFIED_SECONDS), caller)

    @property
    def _oldest(self) -> tuple[str, tuple[float, Caller]]:
        return next(iter(self._entries.items()))


verified = VerifiedTokens()
