"""The settings. Only this file reads environment variables.

`.env.example` lists them. `itemsvc/checks.py` finds mistakes in the settings of a deployment.
"""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import Any

from itemsvc.core import env_file
from itemsvc.core.capacity import cpus
from itemsvc.core.database_options import connection_options, session_limits
from itemsvc.core.env import Env, InvalidConfiguration
from itemsvc.core.file_storages import file_storages
from itemsvc.core.logs import LEVELS, logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env_file.load(BASE_DIR / ".env")
env = Env()

# -- What this process is ----------------------------------------------------------------------------------------------

APP_VERSION: str = env.get_value("APP_VERSION", default="development")
DEBUG: bool = env.bool("DEBUG", default=False)
DEBUG_SECRET_KEY = "django-insecure-for-debugging-only-never-where-others-can-reach-it"  # noqa: S105  (refused)
SECRET_KEY: str = env.get_value("SECRET_KEY", default=DEBUG_SECRET_KEY if DEBUG else Env.NOTSET)

ROOT_URLCONF = "itemsvc.urls"
WSGI_APPLICATION = "itemsvc.wsgi.application"

#: The apps with the service's resources. Each one is served at the path of its name. `make app` adds one.
RESOURCES: list[str] = ["items"]
INSTALLED_APPS = [
    "itemsvc",
    "itemsvc.db",
    "itemsvc.limits",
    "itemsvc.resources",
    *RESOURCES,
    "pgtrigger",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "itemsvc.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

ADMIN_ENABLED: bool = env.bool("ADMIN_ENABLED", default=False)
LOGIN_REDIRECT_URL = "/admin/"  # If the login's `next` is no address of this host.


def middleware(*, admin: bool) -> list[str]:
    """The middleware. Only the admin needs sessions and cookies."""
    shared = [
        "itemsvc.http.request_ids.RequestIDMiddleware",
        "itemsvc.http.security_headers.SecurityHeadersMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "itemsvc.http.liveness.LivenessMiddleware",
        "itemsvc.http.errors.DatabaseErrorMiddleware",
        "itemsvc.http.static_files.StaticFilesMiddleware",
        "itemsvc.http.slashes.OptionalSlashMiddleware",
        "django.middleware.common.CommonMiddleware",
        "itemsvc.auth.bearer.BearerTokenMiddleware",
        "itemsvc.limits.shares.ShareMiddleware",
    ]
    for_admin = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    return shared + for_admin if admin else shared


MIDDLEWARE = middleware(admin=ADMIN_ENABLED)
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
if CORS_ALLOWED_ORIGINS:
    INSTALLED_APPS.append("corsheaders")
    # Before everything that refuses a request: a preflight has no token, and browsers must be able to read errors.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("itemsvc.http.liveness.LivenessMiddleware"), "corsheaders.middleware.CorsMiddleware"
    )
    CORS_ALLOW_HEADERS = "authorization content-type idempotency-key if-match if-none-match x-request-id".split()
    CORS_EXPOSE_HEADERS = "ETag Idempotency-Replayed Link Location Retry-After X-Request-ID".split()
if env.bool("GZIP", default=False):
    # After WhiteNoise, whose files are compressed already.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("itemsvc.http.slashes.OptionalSlashMiddleware"),
        "itemsvc.http.compression.JSONGZipMiddleware",
    )

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# -- Database ----------------------------------------------------------------------------------------------------------

STATEMENT_TIMEOUT_MS = env.integer("DB_STATEMENT_TIMEOUT_MS", default=10_000)
SEARCH_TIMEOUT_MS = env.integer("DB_SEARCH_TIMEOUT_MS", default=1_000, minimum=1)
DB_CONNECT_TIMEOUT_SECONDS = env.integer("DB_CONNECT_TIMEOUT", default=5, minimum=1)
SESSION_LIMITS_MS = session_limits(STATEMENT_TIMEOUT_MS)
# Each connection asks for the limits, which poolers refuse; or `manage.py migrate` sets them on the role.
DB_LIMITS = env.choice("DB_LIMITS", default="connection", choices=("connection", "role"))


def _database(config: dict[str, Any]) -> dict[str, Any]:
    limits = SESSION_LIMITS_MS if DB_LIMITS == "connection" else {}
    options = connection_options(config["OPTIONS"], DB_CONNECT_TIMEOUT_SECONDS, limits)
    lifetime = env.integer("DB_CONN_MAX_AGE", default=300)
    return config | {"OPTIONS": options, "CONN_MAX_AGE": lifetime, "CONN_HEALTH_CHECKS": True}


DATABASES = {"default": _database(env.database("DATABASE_URL"))}
# For `manage.py migrate`, as the schema's owner. None if the service's role is the owner.
MIGRATE_DATABASE = (
    _database(env.database("MIGRATE_DATABASE_URL")) if env.get_value("MIGRATE_DATABASE_URL", default="") else None
)
# The roles that `manage.py migrate` grants the service's rights: the current one, and the one of the next rotation.
SERVICE_ROLES = [(DATABASES["default"]["USER"], DATABASES["default"]["PASSWORD"])]
if env.get_value("NEXT_DATABASE_URL", default=""):
    SERVICE_ROLES.append(itemgetter("USER", "PASSWORD")(env.database("NEXT_DATABASE_URL")))
if MIGRATE_DATABASE and MIGRATE_DATABASE["USER"] in dict(SERVICE_ROLES):
    raise InvalidConfiguration("MIGRATE_DATABASE_URL", "has the user of DATABASE_URL; the schema's owner is another.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATE_LOCK_TIMEOUT_MS = env.integer("MIGRATE_LOCK_TIMEOUT_MS", default=5_000, minimum=1)
MIGRATE_WAIT_SECONDS = env.integer("MIGRATE_WAIT_SECONDS", default=600)

# -- HTTP and security -------------------------------------------------------------------------------------------------

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
HTTPS_ONLY: bool = env.bool("HTTPS_ONLY", default=not DEBUG)
NUM_PROXIES = env.integer("NUM_PROXIES", default=0, maximum=10)

APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = env.integer("MAX_BODY_BYTES", default=1024 * 1024, minimum=1024)
FILE_UPLOAD_HANDLERS = ["itemsvc.http.uploads.LimitedUploadHandler"]

SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS_ONLY else 0
# Probes come over HTTP, and a redirect would count as a failure.
SECURE_REDIRECT_EXEMPT = [r"^health(/ready)?/?$"]
# Over HTTP, browsers ignore the header and log an error for every page.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if HTTPS_ONLY else None
CSRF_FAILURE_VIEW = "itemsvc.http.errors.csrf_failure"
# W005, W021: HSTS for subdomains and its preload list bind a whole domain for years, so its owner must decide.
# W002: itemsvc/http/security_headers.py sets X-Frame-Options.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021", "security.W002"]
if not ADMIN_ENABLED:
    # These checks require the admin's middleware. The admin stays installed, so enabling it needs no migration.
    SILENCED_SYSTEM_CHECKS += ["security.W003", "admin.E408", "admin.E409", "admin.E410"]
# Only behind a proxy, which overwrites the header. Without a proxy, a client could claim to use HTTPS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if NUM_PROXIES else None

# The admin's cookies. A browser takes a cookie with __Host- only over HTTPS and only from this host.
_COOKIE_PREFIX = "__Host-" if HTTPS_ONLY else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}sessionid", f"{_COOKIE_PREFIX}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE, SESSION_EXPIRE_AT_BROWSER_CLOSE = 8 * 3600, True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]

# -- Tokens ------------------------------------------------------------------------------------------------------------

API_AUTH = env.choice("API_AUTH", default="none", choices=("none", "oidc"))
_REQUIRED = Env.NOTSET if API_AUTH == "oidc" else ""
OIDC_ISSUER = env.address("OIDC_ISSUER", default=_REQUIRED)
OIDC_AUDIENCE = env.words("OIDC_AUDIENCE", default=_REQUIRED)

# -- Files -------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
# The files in it are served at /, without a token, because browsers ask for /favicon.ico.
WHITENOISE_ROOT = BASE_DIR / "itemsvc" / "public"
STATIC_ROOT = env.get_value("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
MEDIA_BUCKET = env.bucket("MEDIA_BUCKET")
STORAGES = file_storages(MEDIA_BUCKET, BASE_DIR / ".local" / "media", debug=DEBUG)

# -- API ---------------------------------------------------------------------------------------------------------------

RATE_LIMIT = env.rate("RATE_LIMIT")

REST_FRAMEWORK = {
    # The API reads no session, so it needs no CSRF token.
    "DEFAULT_AUTHENTICATION_CLASSES": ["itemsvc.auth.authentication.BearerToken"] if API_AUTH == "oidc" else [],
    "DEFAULT_PERMISSION_CLASSES": [
        "itemsvc.auth.authentication.HasScope" if API_AUTH == "oidc" else "rest_framework.permissions.AllowAny"
    ],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_THROTTLE_CLASSES": ["itemsvc.limits.throttle.CallerThrottle"] if RATE_LIMIT else [],
    "DEFAULT_PARSER_CLASSES": ["itemsvc.http.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["itemsvc.http.renderers.JSONRenderer", "itemsvc.http.renderers.BrowsableAPIRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "itemsvc.http.negotiation.ContentNegotiation",
    "DEFAULT_SCHEMA_CLASS": "itemsvc.resources.page_schema.Schema",
    "EXCEPTION_HANDLER": "itemsvc.http.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": NUM_PROXIES,
    "LIST_SERIALIZER_ERRORS_AS_DICT": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "itemsvc",
    "DESCRIPTION": "Resources in JSON, kept in PostgreSQL and served over HTTP.",
    "VERSION": APP_VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": "ownSettings",  # In itemsvc/docs.js.
    "COMPONENT_SPLIT_REQUEST": True,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "itemsvc.resources.schema.describe_what_every_operation_shares",
    ],
}

# -- Language and logs -------------------------------------------------------------------------------------------------

LANGUAGE_CODE, USE_I18N = "en-us", False
TIME_ZONE, USE_TZ = "UTC", True

LOG_FORMAT = env.choice("LOG_FORMAT", default="json", choices=("json", "text"))
LOG_LEVEL = env.choice("LOG_LEVEL", default="INFO", choices=LEVELS, normalise=str.upper)
LOGGING = logging_config(LOG_FORMAT, LOG_LEVEL)

# -- The server --------------------------------------------------------------------------------------------------------

WORKER = env.choice("GUNICORN_WORKER", default="itemsvc", choices=("itemsvc", "gthread"))
BIND = env.get_value("BIND", default="0.0.0.0").strip("[]")  # noqa: S104  (a container needs it to be reached)
PORT = env.integer("PORT", default=8000, minimum=1, maximum=65535)
# One process for each whole CPU. A second process on the same CPU costs 60 MB and is not faster.
WEB_CONCURRENCY = env.integer("WEB_CONCURRENCY", default=max(1, int(cpus())), minimum=1, maximum=64)
THREADS = env.integer("GUNICORN_THREADS", default=4, minimum=1, maximum=64)
KEEPALIVE_SECONDS = env.integer("GUNICORN_KEEPALIVE", default=75, minimum=1)
GRACEFUL_TIMEOUT_SECONDS = env.integer("GUNICORN_GRACEFUL_TIMEOUT", default=30, minimum=1)
# How many requests may wait for a thread, and for how long. Others are refused at once.
MAX_QUEUED = env.integer("GUNICORN_MAX_QUEUED", default=64 * THREADS, minimum=1)
QUEUE_TIMEOUT_SECONDS = env.integer("GUNICORN_QUEUE_TIMEOUT", default=5, minimum=1)
# A request's budget: after it, the request loses its database connection. Each part of an export has its own budget.
REQUEST_TIMEOUT_SECONDS = env.integer("GUNICORN_REQUEST_TIMEOUT", default=20, minimum=1)
# How long a client may take to send a request, and to receive the response.
CLIENT_TIMEOUT_SECONDS = env.integer("GUNICORN_CLIENT_TIMEOUT", default=60, minimum=1)
# Exports at the same time. An export holds its thread while a slow client reads, so there are fewer than threads.
MAX_STREAMS = env.integer("MAX_STREAMS", default=max(1, THREADS // 2), minimum=1)
MAX_STREAM_SECONDS = env.integer("MAX_STREAM_SECONDS", default=600, minimum=1)

# -- Observability -----------------------------------------------------------------------------------------------------

SERVICE_NAME: str = env.get_value("OTEL_SERVICE_NAME", default="itemsvc")
METRICS = env.choice("METRICS", default="none", choices=("none", "emf", "prometheus"))
METRICS_INTERVAL = env.integer("METRICS_INTERVAL", default=60, minimum=1, maximum=3600)
METRICS_BIND = env.get_value("METRICS_BIND", default="127.0.0.1").strip("[]")
METRICS_PORT = env.integer("METRICS_PORT", default=9090, minimum=1, maximum=65535)
if METRICS == "prometheus" and METRICS_PORT == PORT:
    raise InvalidConfiguration("METRICS_PORT", f"is {METRICS_PORT}, which is PORT; metrics need a port of their own.")
TRACES_EXPORTER = env.choice("OTEL_TRACES_EXPORTER", default="none", choices=("none", "otlp", "console"))
if env.bool("OTEL_SDK_DISABLED", default=False):
    TRACES_EXPORTER = "none"
# Only this protocol's exporter is installed, so another protocol stops the process at its start.
env.choice("OTEL_EXPORTER_OTLP_PROTOCOL", default="http/protobuf", choices=("http/protobuf",))
# none: the trace ids of callers are ignored, so that they cannot choose what is traced.
CALLERS_TRACES = env.choice("OTEL_PROPAGATORS", default="tracecontext", choices=("tracecontext", "none")) != "none"
SENTRY_DSN = env.sentry("SENTRY_DSN")
SLOW_REQUEST_MS = env.integer("SLOW_REQUEST_MS", default=1_000)
