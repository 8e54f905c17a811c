"""Translates a registered task definition into the same Docker settings.

The patched MiniStack uses it for its tasks, and so does the act that runs the task definitions under plain Docker.
MiniStack's container has no other file of the project, so this module must not import from the project.
"""

from docker.types import Mount, Ulimit

MIB = 1024 * 1024
NANOSECONDS = 1_000_000_000
# ECS's defaults for a container health check and for a stop, in seconds.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
HEALTH_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
STOP_TIMEOUT = 30


def run_settings(task_definition, container, nofile_ceiling=None):
    """Keyword arguments of docker-py's `containers.run` for one container definition of a Fargate task definition.

    They contain the settings that MiniStack ignores: limits, user, file systems, init process and health check. The
    caller adds names, network, image, command and environment. `nofile_ceiling` lowers the limit of open files to what
    the Docker daemon allows.
    """
    linux = container.get("linuxParameters") or {}
    settings = {
        # A Fargate task has one address and no published ports. It cannot gain privileges.
        "user": container.get("user"),
        "read_only": bool(container.get("readonlyRootFilesystem")),
        "init": bool(linux.get("initProcessEnabled")),
        "mounts": _mounts(task_definition, container) or None,
        "tmpfs": {entry["containerPath"]: _tmpfs_options(entry) for entry in linux.get("tmpfs") or []} or None,
        "ulimits": [_ulimit(limit, nofile_ceiling) for limit in container.get("ulimits") or []] or None,
        "cap_drop": (linux.get("capabilities") or {}).get("drop") or None,
        "working_dir": container.get("workingDirectory"),
        "entrypoint": container.get("entryPoint"),
        "healthcheck": health_check(container),
        **_limits(task_definition, container),
    }
    return {name: value for name, value in settings.items() if value is not None}


def stop_timeout(container):
    """Seconds between SIGTERM and SIGKILL."""
    return int(container.get("stopTimeout") or STOP_TIMEOUT)


def health_check(container):
    """Docker's form of a container health check (times in nanoseconds). ECS ignores the one of an image."""
    check = container.get("healthCheck")
    if not check:
        return {"test": ["NONE"]}
    times = {**HEALTH_DEFAULTS, **{name: value for name, value in check.items() if value is not None}}
    return {
        "test": check["command"],
        "interval": times["interval"] * NANOSECONDS,
        "timeout": times["timeout"] * NANOSECONDS,
        "retries": times["retries"],
        "start_period": times["startPeriod"] * NANOSECONDS,
    }


def _limits(task_definition, container):
    """CPU and memory. Fargate limits the task, so its only container gets all of it.

    1,024 CPU units are one vCPU. Memory is in MiB. Fargate has no swap, so the memory and swap limits are equal.
    """
    cpu_units = int(task_definition.get("cpu") or container.get("cpu") or 0)
    memory = int(container.get("memory") or task_definition.get("memory") or 0) * MIB
    return {
        "nano_cpus": cpu_units * NANOSECONDS // 1024 or None,
        "mem_limit": memory or None,
        "memswap_limit": memory or None,
    }


def _mounts(task_definition, container):
    """Anonymous Docker volumes for Fargate's empty volumes. Both start with the image's content of the path."""
    empty = {
        volume["name"]
        for volume in task_definition.get("volumes") or []
        if not (volume.get("host") or {}).get("sourcePath") and not volume.get("efsVolumeConfiguration")
    }
    return [
        Mount(target=point["containerPath"], source=None, type="volume", read_only=bool(point.get("readOnly")))
        for point in container.get("mountPoints") or []
        if point["sourceVolume"] in empty
    ]


def _ulimit(limit, nofile_ceiling):
    ceiling = nofile_ceiling if nofile_ceiling and limit["name"] == "nofile" else limit["hardLimit"]
    return Ulimit(name=limit["name"], soft=min(limit["softLimit"], ceiling), hard=min(limit["hardLimit"], ceiling))


def _tmpfs_options(entry):
    return ",".join([f"size={entry['size']}m", *(entry.get("mountOptions") or [])])
