"""Starts MiniStack 1.5 with what it gets wrong about ECS, RDS, ECR and load balancers put right.

Runs inside MiniStack's container in place of its own entry point. Nothing here knows the project: every change makes
the emulator do what AWS documents, or makes an address reachable from the machine it runs on. docs/rehearsal.md lists
them with their reasons.
"""

import http.client
import logging
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import container_settings
from ministack import app as gateway
from ministack.core import container_reaper
from ministack.core.concurrency import spawn_background
from ministack.core.responses import StreamingResponse, get_region, request_scope
from ministack.services import alb, ec2, ecr, ecs, rds

logger = logging.getLogger("rehearsal")

# host:port at which both the Docker daemon and the Docker client reach this gateway.
REGISTRY = os.environ["REHEARSAL_REGISTRY"]
RUN = os.environ["MINISTACK_HOSTNAME"]
CA_FILE = Path(os.environ["REHEARSAL_CA_FILE"])
# The most open files the Docker daemon may grant a container, when it is less than task definitions ask for.
NOFILE_CEILING = int(os.environ.get("REHEARSAL_NOFILE_CEILING") or 0) or None
PROBE_SECONDS = 0.5
STOP_LABEL = "rehearsal.stop-timeout"
DEFAULT_FLOW_LOG_FORMAT = ("${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} "
                           "${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}")


def _without_length(headers):
    """Headers of an answer whose body was changed."""
    return {name: value for name, value in headers.items() if name.lower() != "content-length"}


# --- Docker: every container is marked as this run's, and no other is ever swept away ------------------------------

_own_labels = container_reaper.own_labels


def _labels_of_this_run(service, **extra):
    return _own_labels(service, **extra) | dict([os.environ["REHEARSAL_LABEL"].split("=", 1)])


container_reaper.own_labels = _labels_of_this_run
container_reaper.reap_all = lambda *_, **__: 0


# --- RDS: an endpoint with a name, and a certificate for that name ------------------------------------------------
# MiniStack reports the container's IP address and signs the certificate before it knows it, so that nothing that
# verifies host names connects. AWS reports <identifier>.<account hash>.<region>.rds.amazonaws.com. It also publishes
# the database on every interface of the machine, which a private instance has no business with.

_database_names = {}
_run_database = rds._run_rds_container


def _run_named_database(docker_client, engine, settings, tls_names=(), tls_ips=()):
    name = f"{settings['labels']['db_id']}.c0emulated.{get_region()}.rds.amazonaws.com"
    settings.pop("ports", None)
    network = settings.get("network")
    if network:
        settings["networking_config"] = {network: docker_client.api.create_endpoint_config(aliases=[name])}
    container = _run_database(docker_client, engine, settings, [*tls_names, name], tls_ips)
    container.reload()
    for endpoint in container.attrs["NetworkSettings"]["Networks"].values():
        _database_names[endpoint["IPAddress"]] = name
    return container


def _named_endpoint(host, port, _host_port):
    return _database_names.get(host, host), port


rds._rds_docker_scope = lambda *_: RUN
rds._run_rds_container = _run_named_database
rds._reported_endpoint = _named_endpoint


# --- RDS and EC2: attributes that a second plan would otherwise want to set again ------------------------------------

_create_database, _database_xml = rds._create_db_instance, rds._instance_xml
_create_flow_logs, _describe_flow_logs = ec2._create_flow_logs, ec2._describe_flow_logs
_flow_log_extras = {}


def _create_remembering_database(parameters):
    answer = _create_database(parameters)
    instance = rds._instances.get(rds._p(parameters, "DBInstanceIdentifier"))
    if instance:
        instance["_log_exports"] = rds._parse_member_list(parameters, "EnableCloudwatchLogsExports")
        instance["PerformanceInsightsKMSKeyId"] = rds._p(parameters, "PerformanceInsightsKMSKeyId")
    return answer


def _whole_database_xml(instance):
    exports = "".join(f"<member>{name}</member>" for name in instance.get("_log_exports") or [])
    return _database_xml(instance).replace(
        "<EnabledCloudwatchLogsExports/>",
        f"<EnabledCloudwatchLogsExports>{exports}</EnabledCloudwatchLogsExports>"
        f"<PerformanceInsightsKMSKeyId>{instance.get('PerformanceInsightsKMSKeyId') or ''}</PerformanceInsightsKMSKeyId>")


def _create_remembering_flow_logs(parameters):
    before = set(ec2._flow_logs)
    answer = _create_flow_logs(parameters)
    for identifier in set(ec2._flow_logs) - before:
        ec2._parse_tag_specs(parameters, "vpc-flow-log", identifier)
        _flow_log_extras[identifier] = (
            f"<deliverLogsPermissionArn>{ec2._p(parameters, 'DeliverLogsPermissionArn')}</deliverLogsPermissionArn>"
            f"<logGroupName>{ec2._p(parameters, 'LogGroupName')}</logGroupName>"
            f"<logFormat>{ec2._p(parameters, 'LogFormat') or DEFAULT_FLOW_LOG_FORMAT}</logFormat>"
            f"<maxAggregationInterval>{ec2._p(parameters, 'MaxAggregationInterval') or 600}</maxAggregationInterval>")
    return answer


def _describe_whole_flow_logs(parameters):
    status, headers, body = _describe_flow_logs(parameters)
    text = body.decode() if isinstance(body, bytes) else body
    for identifier, extras in _flow_log_extras.items():
        text = text.replace(f"<flowLogId>{identifier}</flowLogId>", f"<flowLogId>{identifier}</flowLogId>{extras}")
    return status, _without_length(headers), text.encode()


rds._create_db_instance = rds._ACTION_MAP["CreateDBInstance"] = _create_remembering_database
rds._instance_xml = _whole_database_xml
ec2._create_flow_logs = ec2._ACTION_MAP["CreateFlowLogs"] = _create_remembering_flow_logs
ec2._describe_flow_logs = ec2._ACTION_MAP["DescribeFlowLogs"] = _describe_whole_flow_logs


# --- ECR: repository addresses that Docker can push to and pull from ------------------------------------------------

ecr._repo_uri = lambda name: f"{REGISTRY}/{name}"
_get_authorization_token = ecr._get_authorization_token


def _local_authorization_token(data):
    status, headers, body = _get_authorization_token(data)
    text = body.decode() if isinstance(body, bytes) else body
    start = text.index("https://")
    return status, _without_length(headers), (
        text[:start] + f"http://{REGISTRY}" + text[text.index('"', start):]).encode()


ecr._get_authorization_token = _local_authorization_token


# --- Load balancer: target health ------------------------------------------------------------------------------------
# MiniStack calls every target healthy and sends it requests from the moment its container exists. Here a target gets
# none before its health check has passed once, and loses them after as many failures as the target group allows.
# A target that has not passed yet is asked every half second, not once per interval, to save rehearsal time.

class Target:
    def __init__(self):
        self.state, self.failures, self.due = "initial", 0, 0.0


_targets = {}
_in_flight = Counter()
_in_flight_lock = threading.Lock()


def _state(group_arn, target):
    known = _targets.get((group_arn, target["Id"], target.get("Port")))
    return known.state if known else "initial"


def _healthy(group_arn):
    return [target for target in alb._targets.get(group_arn, []) if _state(group_arn, target) == "healthy"]


def _passes(group, target):
    """One health check of a target group against one of its targets."""
    connection = http.client.HTTPConnection(
        target["Id"], int(target.get("Port") or group.get("Port") or 80),
        timeout=float(group.get("HealthCheckTimeoutSeconds") or 5))
    try:
        connection.request("GET", group.get("HealthCheckPath") or "/", headers={"User-Agent": "ELB-HealthChecker/2.0"})
        return connection.getresponse().status in _expected(group)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _expected(group):
    matcher = group.get("Matcher") or {}
    codes = (matcher.get("HttpCode") if isinstance(matcher, dict) else matcher) or "200"
    spans = [part.partition("-")[::2] for part in str(codes).split(",")]
    return {code for first, last in spans for code in range(int(first), int(last or first) + 1)}


def _probe(group_arn, group, target):
    key = (group_arn, target["Id"], target.get("Port"))
    known = _targets.setdefault(key, Target())
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


def _probe_forever():
    while True:
        registered = set()
        for (account, group_arn), targets in list(alb._targets._data.items()):
            with request_scope(account, group_arn.split(":")[3]):
                group = alb._tgs.get(group_arn)
                for target in list(targets) if group and group.get("TargetType") == "ip" else []:
                    registered.add((group_arn, target["Id"], target.get("Port")))
                    _probe(group_arn, group, target)
        for key in set(_targets) - registered:
            _targets.pop(key, None)
        time.sleep(PROBE_SECONDS)


_describe_target_health = alb._describe_target_health


def _describe_real_target_health(params):
    group_arn = alb._p(params, "TargetGroupArn")
    status, headers, body = _describe_target_health(params)
    text = body.decode() if isinstance(body, bytes) else body
    for target in alb._targets.get(group_arn, []):
        state = _state(group_arn, target)
        at = text.find(f"<Id>{target['Id']}</Id>")
        if at >= 0 and state != "healthy":
            text = text[:at] + text[at:].replace(">healthy<", f">{state}<", 2)
    return status, _without_length(headers), text.encode()


alb._describe_target_health = _describe_real_target_health
alb._ACTION_MAP["DescribeTargetHealth"] = _describe_real_target_health
_forward = alb._forward_to_tg
_proxy = alb._proxy_http_target


async def _forward_to_healthy(group_arn, method, path, headers, body, query, raw_query=None, raw_path=None):
    group = alb._tgs.get(group_arn)
    # Without a healthy target an ALB asks them all.
    candidates = _healthy(group_arn) or alb._targets.get(group_arn, [])
    if not group or not candidates or group.get("TargetType") != "ip":
        return await _forward(group_arn, method, path, headers, body, query, raw_query, raw_path)
    return await alb._proxy_http_target(
        random.choice(candidates), group, method, raw_path or path, headers, body, query, raw_query)


async def _proxy_counted(target, *arguments):
    """Counts a request as in flight until its last byte is relayed, so that a stopping task can be drained."""
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


def _count(address, change):
    with _in_flight_lock:
        _in_flight[address] += change


alb._forward_to_tg = _forward_to_healthy
alb._proxy_http_target = _proxy_counted


# --- Gateway: a load balancer owns every path of its own host name, and the gateway is an HTTP proxy to them ----------
# MiniStack answers /health itself, whatever the host. And no machine resolves an emulated *.elb.amazonaws.com, so that
# clients reach it with http_proxy set to this gateway, which makes them send absolute-form requests.

_before_body, _after_body, _data_plane = (
    gateway._handle_pre_body_request, gateway._handle_post_body_shortcuts, gateway._handle_special_data_plane_request)
_application = gateway.app


def _is_load_balancer(headers):
    return headers.get("host", "").split(":")[0].lower().endswith(".elb.amazonaws.com")


async def _handle_before_body(method, path, headers, *rest):
    return None if _is_load_balancer(headers) else await _before_body(method, path, headers, *rest)


async def _handle_after_body(method, path, headers, *rest):
    return None if _is_load_balancer(headers) else await _after_body(method, path, headers, *rest)


async def _handle_data_plane(method, path, headers, body, query, request_id, raw_path=None, raw_query_string="", **rest):
    if not _is_load_balancer(headers):
        return await _data_plane(method, path, headers, body, query, request_id, raw_path=raw_path,
                                 raw_query_string=raw_query_string, **rest)
    answer = await gateway._handle_alb_request(
        headers["host"], path, method, headers, body, query, raw_query_string, raw_path)
    return answer or (502, {"Content-Type": "text/plain"}, b"no load balancer of this name\n")


async def _origin_form(scope, receive, send):
    """The gateway application, with `GET http://host/path` read as `GET /path` to that host (RFC 9112, 3.2.2)."""
    if scope["type"] == "http" and scope["path"].startswith("http://"):
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        scope = {**scope, "path": urlsplit(scope["path"]).path or "/", "raw_path": (urlsplit(raw).path or "/").encode()}
    await _application(scope, receive, send)


gateway._handle_pre_body_request = _handle_before_body
gateway._handle_post_body_shortcuts = _handle_after_body
gateway._handle_special_data_plane_request = _handle_data_plane
gateway.app = _origin_form


# --- ECS: containers with the task definition's settings ----------------------------------------------------------------

_build_run_kwargs = ecs._build_run_kwargs


def _run_with_settings(container, task_definition, *arguments):
    settings = _build_run_kwargs(container, task_definition, *arguments)
    if "FARGATE" not in (task_definition.get("requiresCompatibilities") or []):
        return settings
    settings.update(container_settings.run_settings(task_definition, container, NOFILE_CEILING))
    settings["labels"][STOP_LABEL] = str(container_settings.stop_timeout(container))
    return settings


ecs._build_run_kwargs = _run_with_settings


# --- ECS: a deployment is complete when its tasks are healthy -----------------------------------------------------------
# MiniStack calls a first deployment COMPLETED before anything runs, and any other one second after its container
# started. On ECS a task counts once its container health check and its target groups' health checks pass.

_make_deployment = ecs._make_deployment
_schedule_completion = ecs._schedule_service_deployment_completion
ecs._ECS_DEPLOYMENT_STEADY_DELAY = 0.1


def _make_pending_deployment(task_definition, desired_count, status="PRIMARY"):
    deployment = _make_deployment(task_definition, desired_count, status)
    if desired_count:
        deployment.update(rolloutState="IN_PROGRESS", rolloutStateReason="ECS deployment in progress.")
    return deployment


def _schedule_when_healthy(cluster_name, service_key, account, region, healthy_task=None):
    if healthy_task is None:
        _schedule_completion(cluster_name, service_key, account, region)
        return

    def wait():
        with request_scope(account, region):
            while ecs._task_is_active(healthy_task["taskArn"], healthy_task):
                if _is_healthy(healthy_task, ecs._services.get(service_key) or {}):
                    healthy_task["healthStatus"] = "HEALTHY"
                    break
                time.sleep(PROBE_SECONDS)
            _schedule_completion(cluster_name, service_key, account, region, healthy_task=healthy_task)

    spawn_background(wait, thread_name="rehearsal-wait-healthy")


def _is_healthy(task, service):
    address = ecs._task_ip(task)
    groups = [balancer["targetGroupArn"] for balancer in service.get("loadBalancers") or []]
    if any(address not in {target["Id"] for target in _healthy(group)} for group in groups):
        return False
    return all(_container_health(container_id) in (None, "healthy") for container_id in task.get("_docker_ids") or [])


def _container_health(container_id):
    """Docker's word on a container's health check, None when it has none."""
    try:
        state = ecs._get_docker().containers.get(container_id).attrs["State"]
    except Exception:  # A container that is gone is not healthy, and its watcher says why.
        return "gone"
    return (state.get("Health") or {}).get("Status")


_create_service, _update_service = ecs._create_service, ecs._update_service


def _keeping_rebalancing(action):
    """CreateService or UpdateService with the one attribute that MiniStack forgets and a second plan would set again."""
    def act(data):
        answer = action(data)
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        name = (data.get("serviceName") or data.get("service", "")).rsplit("/", 1)[-1]
        service = ecs._services.get(f"{cluster}/{name}")
        if service and "availabilityZoneRebalancing" in data:
            service["availabilityZoneRebalancing"] = data["availabilityZoneRebalancing"]
        return answer
    return act


ecs._ACTION_MAP["CreateService"] = _keeping_rebalancing(_create_service)
ecs._ACTION_MAP["UpdateService"] = _keeping_rebalancing(_update_service)
ecs._make_deployment = _make_pending_deployment
ecs._schedule_service_deployment_completion = _schedule_when_healthy


# --- ECS: a task is drained, then told to stop, then given its stop timeout ------------------------------------------------
# MiniStack takes a task out of its target group and kills it within five seconds, requests in flight or not. ECS waits
# for the deregistration delay, which an ALB ends early once nothing is in flight, then for the container's stopTimeout.

def _drain_and_remove(docker_client, container_or_id):
    if not docker_client or container_or_id is None:
        return
    try:
        container = (docker_client.containers.get(container_or_id) if isinstance(container_or_id, str)
                     else container_or_id)
        container.reload()
        _drain([endpoint["IPAddress"] for endpoint in container.attrs["NetworkSettings"]["Networks"].values()])
        started = time.monotonic()
        container.stop(timeout=int(container.labels.get(STOP_LABEL, "5")))
        code = container.wait(timeout=10)["StatusCode"]
        logger.info("container %s stopped in %.1f s with exit code %s", container.name, time.monotonic() - started, code)
        container.remove(v=True)
    except Exception as problem:  # The reaper and the rehearsal's own clean-up remove what stays.
        logger.warning("container %s was not removed: %s", container_or_id, problem)


def _drain(addresses):
    delays = [float(attribute["Value"]) for attributes in list(alb._tg_attrs._data.values()) for attribute in attributes
              if attribute["Key"] == "deregistration_delay.timeout_seconds"]
    deadline = time.monotonic() + max(delays, default=0)
    while any(_in_flight[address] for address in addresses) and time.monotonic() < deadline:
        time.sleep(0.05)


ecs._remove_docker_container = _drain_and_remove


if __name__ == "__main__":
    CA_FILE.write_text(rds.pg_ca_cert_pem())
    threading.Thread(target=_probe_forever, daemon=True, name="rehearsal-target-health").start()
    gateway.main()
