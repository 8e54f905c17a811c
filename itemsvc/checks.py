"""Deployment mistakes as `manage.py check` errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

# NAT gateways and Network Load Balancers forget a connection that was idle for 350 s, without telling either end.
LONGEST_IDLE_SECONDS = 350
REMOTE_SOCKET_FREE = ("", "localhost", "127.0.0.1", "::1")


@register(Tags.security)
def check_configuration(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every mistake that the settings show; none with DEBUG on, where nothing is deployed."""
    return [] if settings.DEBUG else list(_mistakes())


@register(Tags.security, deploy=True)
def check_debug(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """DEBUG in a deployment: an error here, where Django's own check only warns."""
    if not settings.DEBUG:
        return []
    return [Error("DEBUG is on.", hint="Unset DEBUG: it shows settings and code to every caller.", id="itemsvc.E001")]


@register(Tags.security, deploy=True)
def check_issuer(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Tokens that anybody on the way could make, and an issuer that nobody asks."""
    if settings.API_AUTH == "none":
        return _unused_issuer() if settings.OIDC_ISSUER else []
    if settings.OIDC_ISSUER.startswith("https://"):
        return []
    hint = "Use https://: whoever is between the service and its issuer could pass off keys as the issuer's."
    return [Error("The token issuer's keys are fetched over plain HTTP.", hint=hint, id="itemsvc.E007")]


def _unused_issuer() -> list[CheckMessage]:
    hint = "Set API_AUTH=oidc to ask for its tokens, or unset OIDC_ISSUER."
    return [Error("OIDC_ISSUER is set, but API_AUTH is none: everybody is let in.", hint=hint, id="itemsvc.E008")]


def _mistakes() -> Iterator[CheckMessage]:
    if any(host.strip() in ("*", ".") for host in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS accepts every host.",
            hint="Name the hosts; health probes need none, /health answers whatever the Host header says.",
            id="itemsvc.E002",
        )
    if settings.SECRET_KEY.startswith("django-insecure-") or len(settings.SECRET_KEY) < 50:
        yield Error(
            "SECRET_KEY is a default or shorter than 50 characters.",
            hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"',
            id="itemsvc.E003",
        )
    age = settings.DATABASES["default"]["CONN_MAX_AGE"]
    if age is None or age > LONGEST_IDLE_SECONDS:
        yield Error(
            f"DB_CONN_MAX_AGE is {age}; a connection idle for {LONGEST_IDLE_SECONDS} s may be gone without a word.",
            hint=f"Set it to {LONGEST_IDLE_SECONDS} or less.",
            id="itemsvc.E004",
        )
    yield from _forwarding_mistakes()


def _forwarding_mistakes() -> Iterator[CheckMessage]:
    if not settings.NUM_PROXIES and settings.SECURE_PROXY_SSL_HEADER:
        yield Error(
            "X-Forwarded-Proto is believed although NUM_PROXIES is 0.",
            hint="Set NUM_PROXIES to the number of proxies in front of the service.",
            id="itemsvc.E005",
        )
    if any("://" not in origin for origin in settings.CSRF_TRUSTED_ORIGINS):
        yield Error(
            "CSRF_TRUSTED_ORIGINS has an entry without a scheme.",
            hint="Write https://example.com, not example.com.",
            id="itemsvc.E006",
        )
