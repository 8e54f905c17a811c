"""The callers of tokens that were verified lately. This module needs no cryptography."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic

#: Seconds in which a verified token is not verified again. A withdrawn key may be accepted for so long.
VERIFIED_SECONDS = 60
MAX_VERIFIED = 4096


class InvalidTokenError(Exception):
    """The token is refused; the message is a sentence for the client."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The subject and the scopes of a verified token; DRF's `request.user`."""

    subject: str
    scopes: frozenset[str]
    #: The claim that has the subject: a user may have the name of a client, and is somebody else.
    claim: str = "sub"
    is_authenticated: bool = True

    def __str__(self) -> str:
        return self.subject


class IssuerUnavailableError(Exception):
    """The issuer does not answer, so the token cannot be verified."""


class VerifiedTokens:
    """At most MAX_VERIFIED callers; a new one replaces the oldest."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, Caller]] = {}
        self._lock = threading.Lock()

    def get(self, token: str) -> Caller | None:
        """The caller; None if the token must be verified."""
        entry = self._entries.get(token)
        return entry[1] if entry and monotonic() < entry[0] else None

    def add(self, token: str, caller: Caller, seconds: float) -> None:
        """Keeps the caller for ``seconds``, but at most VERIFIED_SECONDS."""
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
