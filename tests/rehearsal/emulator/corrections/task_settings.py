"""ECS: containers run with the limits, user, file systems, init process and health check of their task definition.

MiniStack runs them with Docker's defaults.
"""

import os

import container_settings
from ministack.services import ecs

from corrections.draining import STOP_LABEL

# The Docker daemon's limit of open files, when it is below that of task definitions.
NOFILE_CEILING = int(os.environ.get("REHEARSAL_NOFILE_CEILING") or 0) or None

_build_run_kwargs = ecs._build_run_kwargs


def _with_settings(container, task_definition, *arguments):
    settings = _build_run_kwargs(container, task_definition, *arguments)
    if "FARGATE" not in (task_definition.get("requiresCompatibilities") or []):
        return settings
    settings.update(container_settings.run_settings(task_definition, container, NOFILE_CEILING))
    settings["labels"][STOP_LABEL] = str(container_settings.stop_timeout(container))
    return settings


ecs._build_run_kwargs = _with_settings
