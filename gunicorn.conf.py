"""gunicorn's configuration, the same under `make run`, Compose and ECS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsvc.settings")

from itemsvc.http import raw_errors
from itemsvc.observability import hooks, request_statistics

raw_errors.replace_gunicorns()

wsgi_app = "itemsvc.wsgi:application"
# Brackets suit names and addresses of both kinds. A Unix socket has no port.
bind = [settings.BIND if settings.BIND.startswith("unix:") else f"[{settings.BIND}]:{settings.PORT}"]

# One process for each whole CPU: a second one on the same CPU gains nothing and costs another 60 MB.
workers = settings.WEB_CONCURRENCY
worker_class = "gthread" if settings.WORKER == "gthread" else "itemsvc.server.worker.EventLoopWorker"
threads = settings.THREADS
# Loaded once, before the fork: an error in it ends the process instead of restarting workers for ever.
preload_app = True

# Longer than the load balancer keeps an idle connection (60 s), or it would reuse one that is just being closed.
keepalive = settings.KEEPALIVE_SECONDS
# Shorter than the task's stop timeout, or requests in service would be killed with the task.
graceful_timeout = settings.GRACEFUL_TIMEOUT_SECONDS
# The most that gunicorn allows: a cursor and two filters in a script other than Latin fill 4 KB when percent-encoded.
limit_request_line = 8190
# Seconds without a heartbeat of a worker. It does not limit a request: DB_STATEMENT_TIMEOUT_MS does.
timeout = 30

# Heartbeat files in memory: a slow disk must not look like a hung worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Would need a writable root file system.
control_socket_disable = True
# It would block a thread until the client has taken the file.
sendfile = False
# gunicorn trusts no header about the scheme or the path. Django does, according to NUM_PROXIES.
forwarded_allow_ips = ""
forwarder_headers = ""

loglevel = settings.LOG_LEVEL.lower()
logger_class = "itemsvc.observability.access_log.AccessLogger"
logconfig_dict = settings.LOGGING


# Metrics and traces.
post_worker_init = hooks.start
worker_exit = hooks.stop


def pre_request(worker: Any, request: Any) -> None:
    """Refuses a request without a host; counts its statements from here."""
    raw_errors.begin(worker, request)
    request_statistics.begin(worker, request)


if settings.METRICS == "prometheus":
    from itemsvc.observability import prometheus

    on_starting = prometheus.open_endpoint
    pre_fork = prometheus.give_place
    child_exit = prometheus.bury
    on_exit = prometheus.close_endpoint
