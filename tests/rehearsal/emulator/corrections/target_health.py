"""Load balancer: it checks the health of targets, and only healthy ones get requests.

MiniStack calls every target healthy and sends it requests as soon as its container exists. Here a target gets requests
after its first passed health check, until it fails as often as the target group allows. A new target is checked every
half second instead of once per interval, to save time.
"""

import http.client
import logging
import random
import threading
import time

from ministack.core.responses import request_scope
from ministack.services import alb

from corrections import text, without_length

PROBE_SECONDS = 0.5

logger = logging.getLogger("rehearsal")
_known = {}
_describe, _forward = alb._describe_target_health, alb._forward_to_tg


class Health:
    def __init__(self):
        self.state, self.failures, self.due = "initial", 0, 0.0


def healthy(group_arn):
    """The targets of a group that pass their health check."""
    return [target for target in alb._targets.get(group_arn, []) if _state(group_arn, target) == "healthy"]


def start():
    """Starts to check every registered target."""
    threading.Thread(target=_probe_forever, daemon=True, name="rehearsal-target-health").start()


def _key(group_arn, target):
    return group_arn, target["Id"], target.get("Port")


def _state(group_arn, target):
    known = _known.get(_key(group_arn, target))
    return known.state if known else "initial"


def _probe_forever():
    while True:
        registered = set()
        for (account, group_arn), targets in list(alb._targets._data.items()):
            with request_scope(account, group_arn.split(":")[3]):
                group = alb._tgs.get(group_arn)
            for target in list(targets) if group and group.get("TargetType") == "ip" else []:
                registered.add(_key(group_arn, target))
                _probe(group_arn, group, target)
        for key in set(_known) - registered:
            _known.pop(key, None)
        time.sleep(PROBE_SECONDS)


def _probe(group_arn, group, target):
    known = _known.setdefault(_key(group_arn, target), Health())
    if time.monotonic() < known.due:
        return
    if _passes(group, target):
        if known.state != "healthy":
            logger.info("target %s:%s is healthy", target["Id"], target.get("Port"))
        known.state, known.failures = "healthy", 0
        known.due = time.monotonic() + float(group.get("HealthCheckIntervalSeconds") or 30)
        return
    known.failures += 1
    if known.state == "healthy" and known.failures >= int(group.get("UnhealthyThresholdCount") or 2):
        logger.info("target %s:%s is unhealthy", target["Id"], target.get("Port"))
        known.state = "unhealthy"
    known.due = time.monotonic() + PROBE_SECONDS


def _passes(group, target):
    """One health check of a target group against one of its targets."""
    port = int(target.get("Port") or group.get("Port") or 80)
    timeout = float(group.get("HealthCheckTimeoutSeconds") or 5)
    connection = http.client.HTTPConnection(target["Id"], port, timeout=timeout)
    try:
        connection.request("GET", group.get("HealthCheckPath") or "/", headers={"User-Agent": "ELB-HealthChecker/2.0"})
        return connection.getresponse().status in _expected(group)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _expected(group):
    """Status codes that count as healthy: `200`, `200,204` or `200-299`."""
    matcher = group.get("Matcher") or {}
    codes = (matcher.get("HttpCode") if isinstance(matcher, dict) else matcher) or "200"
    spans = [part.partition("-")[::2] for part in str(codes).split(",")]
    return {code for first, last in spans for code in range(int(first), int(last or first) + 1)}


def _describe_real(parameters):
    group_arn = alb._p(parameters, "TargetGroupArn")
    status, headers, body = _describe(parameters)
    shown = text(body)
    for target in alb._targets.get(group_arn, []):
        state, at = _state(group_arn, target), shown.find(f"<Id>{target['Id']}</Id>")
        if at >= 0 and state != "healthy":
            shown = shown[:at] + shown[at:].replace(">healthy<", f">{state}<", 2)
    return status, without_length(headers), shown.encode()


async def _forward_to_healthy(group_arn, *request):
    method, path, headers, body, query, raw_query, raw_path = request
    group = alb._tgs.get(group_arn)
    # Without a healthy target, an ALB sends requests to all of them.
    candidates = healthy(group_arn) or alb._targets.get(group_arn, [])
    if not group or not candidates or group.get("TargetType") != "ip":
        return await _forward(group_arn, *request)
    return await alb._proxy_http_target(
        random.choice(candidates), group, method, raw_path or path, headers, body, query, raw_query
    )


alb._describe_target_health = alb._ACTION_MAP["DescribeTargetHealth"] = _describe_real
alb._forward_to_tg = _forward_to_healthy
