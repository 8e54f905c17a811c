"""`migrate`: runs the deployed migrate task again."""

from __future__ import annotations

from collections.abc import Callable

from deploy import tasks
from deploy.context import Context
from deploy.stack import Stack


def run(context: Context) -> None:
    """Runs the migrate task under the deploy lock. Raises as `deploy.tasks.Running` does."""
    context.prepare()
    stack = context.stack_with_image()
    if context.options.dry_run:
        context.reporter.line(f"would run {stack.migrate_task_definition_arn} (image {stack.migrate_image_tag})")
        return
    context.reporter.plan(["migrate"])
    with context.lock(), context.reporter.step("migrate"):
        migrate(context, stack)


def migrate(context: Context, stack: Stack) -> None:
    """Runs the migrations and returns when they are applied."""
    run_task(context, tasks.one_off(stack, "migrate", [], {}), context.reporter.output)


def run_task(context: Context, spec: tasks.TaskSpec, show: Callable[[str], None]) -> None:
    """Runs the task to its end and passes each log line to `show`."""
    arn = tasks.start(context.aws.ecs, spec)
    tasks.Running(
        context.aws.ecs,
        context.aws.logs,
        spec,
        arn,
        timeout=context.options.migrate_timeout,
        poll=context.options.poll,
        show=show,
        note=context.reporter.note,
    ).follow()
