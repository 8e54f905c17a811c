"""System checks for mistakes in a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

# NAT gateways and Network Load Balancers drop a connection that is idle for 350 s, and tell neither end.
LONGEST_IDLE_SECONDS = 350


@register(Tags.security)
def check_configuration(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Checks the settings. With DEBUG on, nothing is deployed, so nothing is a mistake."""
    return [] if settings.DEBUG else list(_mistakes())


@register(Tags.security, deploy=True)
def check_debug(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """DEBUG in a deployment is an error; Django's own check only warns."""
    if not settings.DEBUG:
        return []
    return [Error("DEBUG is on.", hint="Unset DEBUG: it shows settings and code to every client.", id="itemsvc.E001")]


@register(Tags.security, deploy=True)
def check_issuer(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An issuer over plain HTTP, and an issuer that is not used."""
    if settings.API_AUTH == "none":
        return _unused_issuer() if settings.OIDC_ISSUER else []
    if settings.OIDC_ISSUER.startswith("https://"):
        return []
    hint = "Use https://, because anybody on the network can replace keys that are sent over plain HTTP."
    return [Error("The token issuer's keys are fetched over plain HTTP.", hint=hint, id="itemsvc.E007")]


@register(deploy=True)
def check_image(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Apps that are on this machine but not in the image."""
    configs = [each for each in apps.get_app_configs() if "site-packages" not in Path(each.path).parts]
    ignored = settings.BASE_DIR / ".dockerignore"
    patterns = ignored.read_text().split("\n") if ignored.is_file() else []  # The image itself has no such file.
    return [message for each in configs for message in _missing(each, patterns)]


def _missing(config: AppConfig, patterns: list[str]) -> Iterator[CheckMessage]:
    path = Path(config.path)
    if not path.is_relative_to(settings.BASE_DIR):
        hint = f"Move it into {settings.BASE_DIR}, or install it as a package of requirements.txt."
        yield Error(f"The app {config.name} is in {path}, which is not in the image.", hint=hint, id="itemsvc.E015")
    elif is_left_out(path.relative_to(settings.BASE_DIR).as_posix(), patterns):
        hint = f"Add the line !{path.relative_to(settings.BASE_DIR).parts[0]}/ to the end of .dockerignore."
        yield Error(f".dockerignore leaves the app {config.name} out of the image.", hint=hint, id="itemsvc.E015")
    if not (path / "__init__.py").is_file():
        hint = f"Add an empty {path / '__init__.py'}."
        yield Error(
            f"The app {config.name} has no __init__.py, so linters and tests skip it.", hint=hint, id="itemsvc.E016"
        )


def is_left_out(path: str, patterns: Iterable[str]) -> bool:
    """Whether .dockerignore leaves out this directory. The last line that matches it or a parent decides."""
    places, left_out = [path, *(parent.as_posix() for parent in PurePosixPath(path).parents)][:-1], False
    for line in patterns:
        pattern = line.strip().removeprefix("!").strip("/")
        if pattern and any(fnmatch(place, pattern.removeprefix("**/")) for place in places):
            left_out = not line.startswith("!")
    return left_out


def _unused_issuer() -> list[CheckMessage]:
    hint = "Set API_AUTH=oidc to require its tokens, or unset OIDC_ISSUER."
    return [Error("OIDC_ISSUER is set, but API_AUTH is none: nobody needs a token.", hint=hint, id="itemsvc.E008")]


def _mistakes() -> Iterator[CheckMessage]:
    if any(host.strip() in ("*", ".") for host in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS accepts every host.",
            hint="List the hosts. Health probes need no entry, because /health accepts any Host header.",
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
            f"DB_CONN_MAX_AGE is {age}; the network may drop a connection that is idle for {LONGEST_IDLE_SECONDS} s.",
            hint=f"Set it to {LONGEST_IDLE_SECONDS} or less.",
            id="itemsvc.E004",
        )
