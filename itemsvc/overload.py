"""How much a process takes on, and the counts of what it refused, for whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass

from itemsvc.env import Env

THREADS = Env().integer("GUNICORN_THREADS", default=4, minimum=1, maximum=64)
# Requests that may wait for a thread; more are refused at once.
MAX_QUEUED = Env().integer("GUNICORN_MAX_QUEUED", default=64 * THREADS, minimum=1)
# Seconds that a request may wait for a thread.
QUEUE_TIMEOUT = Env().integer("GUNICORN_QUEUE_TIMEOUT", default=5, minimum=1)
# Seconds from when a thread takes a request to when it is cut off from the database; each part of an export has them.
REQUEST_TIMEOUT = Env().integer("GUNICORN_REQUEST_TIMEOUT", default=20, minimum=1)
# Seconds after which a thread that still is at the same request hangs in something that its budget does not end. Before
# and after that a request may wait for a new connection to the database, which nothing cuts short; then as long as
# anybody may be kept waiting here.
STUCK_SECONDS = REQUEST_TIMEOUT + 2 * Env().integer("DB_CONNECT_TIMEOUT", default=5, minimum=1) + QUEUE_TIMEOUT
# Exports at a time; fewer than the threads, which a client that reads slowly holds.
MAX_STREAMS = Env().integer("MAX_STREAMS", default=max(1, THREADS // 2), minimum=1)


@dataclass
class Load:
    """This process now, and its counts since it started; written by the worker's loop alone."""

    #: Open connections; requests that wait for a thread; requests that a thread serves.
    connections: int = 0
    queued: int = 0
    serving: int = 0
    #: Requests cut off from the database at the end of their budget. (The refused are `statistics.refusals`.)
    overdue: int = 0
    #: Clients that did not send their request or take their answer in time; connections closed to make room for others.
    timed_out: int = 0
    evicted: int = 0
    #: Threads that ended and were replaced.
    lost_threads: int = 0
    #: Why this process cannot serve, a sentence for `/health`; empty where it can.
    problem: str = ""


load = Load()
