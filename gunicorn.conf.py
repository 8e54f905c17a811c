"""gunicorn, the same under `make run`, Compose and ECS. Numbers come from the environment or from the CPU given."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from itemsvc import statistics, watch
from itemsvc.env import Env, InvalidConfiguration
from itemsvc.settings import LOG_LEVEL, LOGGING, METRICS, METRICS_PORT, SLOW_REQUEST_MS

env = Env()


def cpus() -> float:
    """The CPUs this process may use: its cgroup's quota if there is one, else what the machine has."""
    available = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return min(available, cpu_quota() or available)


def cpu_quota() -> float | None:
    """What the cgroup allows, version 2 or 1 of it, in CPUs; None without a limit."""
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join(Path("/sys/fs/cgroup", name).read_text() for name in names).split()
        except (OSError, ValueError):
            continue
        return None if quota in ("max", "-1") else int(quota) / int(period)
    return None


wsgi_app = "itemsvc.wsgi:application"
address = env.get_value("BIND", default="0.0.0.0")  # noqa: S104  (a container has no other way to be reached)
port = env.integer("PORT", default=8000, minimum=1, maximum=65535)
bind = [f"{address}:{port}"]

# One process for each whole CPU: a second one on the same CPU gains nothing and costs another 60 MB.
workers = env.integer("WEB_CONCURRENCY", default=max(1, int(cpus())), minimum=1, maximum=64)
# The threads wait for the database, each on a connection of its own.
worker_class = "itemsvc.worker.JSONErrorWorker"
threads = env.integer("GUNICORN_THREADS", default=4, minimum=1, maximum=64)
# Loaded once, before the fork: an error in it ends the process instead of restarting workers for ever.
preload_app = True

# Longer than the load balancer keeps an idle connection (60 s), or it would reuse one that is just being closed.
keepalive = env.integer("GUNICORN_KEEPALIVE", default=75, minimum=1)
# Shorter than the task's stop timeout, or requests in service would be killed with the task.
graceful_timeout = env.integer("GUNICORN_GRACEFUL_TIMEOUT", default=30, minimum=1)
# A heartbeat of the worker, no limit for a request: DB_STATEMENT_TIMEOUT_MS bounds the work.
timeout = 30

# Heartbeat files in memory: a slow disk must not look like a hung worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Would need a writable root file system.
control_socket_disable = True
# It would block a thread on the client; a file's blocks are sent like any other answer.
sendfile = False
# gunicorn believes no header about the scheme or the path, nor from this machine: Django does, by NUM_PROXIES.
forwarded_allow_ips = ""
forwarder_headers = ""

loglevel = LOG_LEVEL.lower()
logger_class = "itemsvc.worker.AccessLogger"
logconfig_dict = LOGGING
accesslog = "-"


# What can be watched: begun before each request, published by each worker.
post_worker_init = watch.start
worker_exit = watch.stop
if METRICS != "none" or SLOW_REQUEST_MS:
    pre_request = statistics.begin
if METRICS == "prometheus":
    if port == METRICS_PORT:
        raise InvalidConfiguration("METRICS_PORT", f"is {METRICS_PORT}, which is PORT: metrics are not for the public.")
    from itemsvc import prometheus

    on_starting = partial(prometheus.open_endpoint, address, METRICS_PORT)
    child_exit = prometheus.bury
    on_exit = prometheus.close_endpoint
