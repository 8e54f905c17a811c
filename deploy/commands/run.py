"""`run -- COMMAND…`: runs a command as a one-off task."""

from __future__ import annotations

import shlex

from deploy import tasks
from deploy.commands.migrate import run_task
from deploy.context import Context


def run(context: Context) -> None:
    """Runs COMMAND in the migrate task's container and prints its output on stdout."""
    context.prepare()
    stack = context.stack_with_image()
    command = context.options.task_command
    if context.options.dry_run:
        context.reporter.line(f"would run {shlex.join(command)} with {stack.migrate_task_definition_arn}")
        return
    with context.reporter.step(shlex.join(command)):
        spec = tasks.one_off(stack, "run", command, context.options.task_environment)
        run_task(context, spec, lambda line: print(line, flush=True))
