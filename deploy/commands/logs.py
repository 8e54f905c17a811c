"""`logs`: shows the log of the service, of the worker or of one-off tasks."""

from __future__ import annotations

import time

from deploy.context import Context
from deploy.logs import events_since
from deploy.stack import WORKER, Stack

OVERLAP_SECONDS = 30  # lines arrive late and out of order


def run(context: Context) -> None:
    """Prints the lines of the last `--since` seconds. With `--follow`, prints new lines until Ctrl-C."""
    context.terraform.check_environment()
    context.terraform.init()
    stack = context.stack()
    start = time.time() - context.options.since
    seen: set[str] = set()
    while True:
        before = time.time()
        _print_since(context, stack, start, seen)
        if not context.options.follow:
            return
        start = max(start, before - OVERLAP_SECONDS)
        time.sleep(context.options.poll)


def _print_since(context: Context, stack: Stack, start: float, seen: set[str]) -> None:
    prefix = _prefix(context, stack)
    for at, stream, message in events_since(context.aws.logs, stack.log_group_name, prefix, start, seen):
        clock = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        print(f"{clock} {stream.rpartition('/')[2][:8]} {message}", flush=True)


def _prefix(context: Context, stack: Stack) -> str:
    options = context.options
    prefix, container = stack.service_log_prefix, stack.container_name
    if options.source == WORKER:
        prefix, container = WORKER, WORKER
    elif options.source == "migrate":
        prefix, container = stack.migrate_log_prefix, stack.migrate_container_name
    return f"{prefix}/{container}/{options.task or ''}"
