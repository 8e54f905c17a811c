"""`migrate`: the migrate task of the state, once more."""

from __future__ import annotations

from deploy import tasks
from deploy.context import Context
from deploy.stack import Stack


def run(context: Context) -> None:
    """Runs the registered migrate task under the deploy lock; raises as `deploy.tasks.follow` does."""
    context.prepare()
    stack = context.stack_with_image()
    if context.options.dry_run:
        context.reporter.line(f"would run {stack.migrate_task_definition_arn} (image {stack.migrate_image_tag})")
        return
    context.reporter.plan(["migrate"])
    with context.lock(), context.reporter.step("migrate"):
        migrate(context, stack)


def migrate(context: Context, stack: Stack) -> None:
    """Runs the migrations and returns once they are applied."""
    run_task(context, tasks.one_off(stack, "migrate", [], {}))


def run_task(context: Context, spec: tasks.TaskSpec) -> None:
    arn = tasks.start(context.aws.ecs, spec)
    tasks.follow(
        context.aws.ecs,
        context.aws.logs,
        spec,
        arn,
        timeout=context.options.migrate_timeout,
        poll=context.options.poll,
        show=context.reporter.output,
        note=context.reporter.note,
    )
