"""ECS: a task first drains, then gets SIGTERM, then has its stop timeout.

MiniStack removes a task from its target group and kills it within five seconds, even during requests. ECS waits for the
deregistration delay, which an ALB ends early when no request runs. Then it waits for the container's stopTimeout.
"""

import logging
import threading
import time
from collections import Counter

from ministack.core.responses import StreamingResponse
from ministack.services import alb, ecs

STOP_LABEL = "rehearsal.stop-timeout"

logger = logging.getLogger("rehearsal")
_in_flight = Counter()
_lock = threading.Lock()
_proxy = alb._proxy_http_target


def _count(address, change):
    with _lock:
        _in_flight[address] += change


async def _proxy_counted(target, *arguments):
    """Counts a request as running until its last byte is relayed."""
    address = target["Id"]
    _count(address, 1)
    try:
        status, headers, body = await _proxy(target, *arguments)
    except BaseException:
        _count(address, -1)
        raise
    if not isinstance(body, StreamingResponse):
        _count(address, -1)
        return status, headers, body
    relay = body.runner

    async def relay_counted(send, receive):
        try:
            await relay(send, receive)
        finally:
            _count(address, -1)

    return status, headers, StreamingResponse(relay_counted)


def _remove(docker_client, container_or_id):
    if not docker_client or container_or_id is None:
        return
    container = container_or_id
    try:
        if isinstance(container_or_id, str):
            container = docker_client.containers.get(container_or_id)
        container.reload()
        addresses = [endpoint["IPAddress"] for endpoint in container.attrs["NetworkSettings"]["Networks"].values()]
        _drain(addresses)
        started = time.monotonic()
        container.stop(timeout=int(container.labels.get(STOP_LABEL, "5")))
        code, seconds = container.wait(timeout=10)["StatusCode"], time.monotonic() - started
        logger.info("container %s stopped in %.1f s with exit code %s", container.name, seconds, code)
        container.remove(v=True)
        # Another container may get this address and must not inherit the count.
        for address in addresses:
            _in_flight.pop(address, None)
    except Exception as problem:  # The rehearsal's clean-up removes it later.
        logger.warning("container %s was not removed: %s", container_or_id, problem)


def _drain(addresses):
    """Waits until no request runs, at most for the longest deregistration delay."""
    attributes = [entry for entries in list(alb._tg_attrs._data.values()) for entry in entries]
    delays = [float(a["Value"]) for a in attributes if a["Key"] == "deregistration_delay.timeout_seconds"]
    deadline = time.monotonic() + max(delays, default=0)
    while any(_in_flight.get(address) for address in addresses) and time.monotonic() < deadline:
        time.sleep(0.05)


alb._proxy_http_target = _proxy_counted
ecs._remove_docker_container = _remove
