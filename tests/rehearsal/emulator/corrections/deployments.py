"""ECS: a deployment is complete when its tasks are healthy, and a service keeps its zone rebalancing.

MiniStack calls a first deployment COMPLETED before a task runs, and any other one second after its container started.
ECS counts a task when its container health check and its target groups' health checks pass.
"""

import time

from ministack.core.concurrency import spawn_background
from ministack.core.responses import request_scope
from ministack.services import ecs

from corrections import target_health

_make_deployment, _schedule_completion = ecs._make_deployment, ecs._schedule_service_deployment_completion


def _make_pending(task_definition, desired_count, status="PRIMARY"):
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
                time.sleep(target_health.PROBE_SECONDS)
            _schedule_completion(cluster_name, service_key, account, region, healthy_task=healthy_task)

    spawn_background(wait, thread_name="rehearsal-wait-healthy")


def _is_healthy(task, service):
    address = ecs._task_ip(task)
    groups = [balancer["targetGroupArn"] for balancer in service.get("loadBalancers") or []]
    if any(address not in {target["Id"] for target in target_health.healthy(group)} for group in groups):
        return False
    return all(_container_health(identifier) in {None, "healthy"} for identifier in task.get("_docker_ids") or [])


def _container_health(identifier):
    """Docker's result of a container's health check, or None without one."""
    try:
        state = ecs._get_docker().containers.get(identifier).attrs["State"]
    except Exception:  # A removed container is not healthy.
        return "gone"
    return (state.get("Health") or {}).get("Status")


def _keeping_rebalancing(action):
    """CreateService or UpdateService that keeps the attribute. Without it, a second plan would set it again."""

    def act(data):
        answer = action(data)
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        name = (data.get("serviceName") or data.get("service", "")).rsplit("/", 1)[-1]
        service = ecs._services.get(f"{cluster}/{name}")
        if service and "availabilityZoneRebalancing" in data:
            service["availabilityZoneRebalancing"] = data["availabilityZoneRebalancing"]
        return answer

    return act


ecs._ACTION_MAP.update(
    CreateService=_keeping_rebalancing(ecs._create_service), UpdateService=_keeping_rebalancing(ecs._update_service)
)
ecs._make_deployment = _make_pending
ecs._schedule_service_deployment_completion = _schedule_when_healthy
ecs._ECS_DEPLOYMENT_STEADY_DELAY = 0.1
