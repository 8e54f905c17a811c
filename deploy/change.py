"""Replaces the serving release: apply, roll out, smoke-test. Restores the previous release when that fails."""

from __future__ import annotations

from deploy.aws import explained
from deploy.context import Context
from deploy.errors import DeployError, RestoreFailedError, RolloutFailedError, RolloutTimeoutError, SmokeFailedError
from deploy.lock import DeployLock
from deploy.rollout import Rollout
from deploy.smoke import smoke_test
from deploy.stack import Stack
from deploy.terraform import Tags

STEPS = ("apply the new revision", "roll out", "smoke test")
NO_GOOD = (RolloutFailedError, RolloutTimeoutError, SmokeFailedError)


def release(context: Context, lock: DeployLock, tags: Tags, previous: str | None) -> None:
    """Rolls out `tags.image` and records it as a release.

    When the new release fails, restores `previous` and raises the failure. Raises RestoreFailedError when the
    restore fails too.
    """
    try:
        with explained():
            _roll_out(context, lock, tags)
    except NO_GOOD as failure:
        _restore(context, lock, failure, Tags(previous, tags.migrate), tags.image)
        raise
    except DeployError as failure:
        failure.details.append(serving_line(context))
        raise
    context.releases.record(str(tags.image))


def apply(context: Context, lock: DeployLock, tags: Tags) -> Stack:
    """Runs `terraform apply` and returns the stack after it."""
    lock.check()
    context.terraform.apply(tags, context.reporter)
    context.applied.write(tags)
    return context.stack()


def follow(context: Context, stack: Stack) -> None:
    """Waits until ECS has rolled out what the Terraform state names: the service, then the worker if there is one."""
    _follow(context, stack)
    if worker := stack.worker:
        context.reporter.line("the worker:")
        _follow(context, worker)


def _follow(context: Context, stack: Stack) -> None:
    Rollout(
        ecs=context.aws.ecs,
        logs=context.aws.logs,
        stack=stack,
        task_definition=str(stack.service_task_definition_arn),
        timeout=context.options.rollout_timeout,
        poll=context.options.poll,
        show=context.reporter.line,
        note=context.reporter.note,
    ).follow()


def _roll_out(context: Context, lock: DeployLock, tags: Tags) -> None:
    with context.reporter.step(STEPS[0]):
        stack = apply(context, lock, tags)
    with context.reporter.step(STEPS[1]):
        follow(context, stack)
    if context.options.skip_smoke:
        return
    with context.reporter.step(STEPS[2]):
        url = context.options.smoke_url or stack.url
        smoke_test(url, timeout=context.options.smoke_timeout, show=context.reporter.line)


def _restore(context: Context, lock: DeployLock, failure: DeployError, tags: Tags, failed: str | None) -> None:
    # The circuit breaker restores the tasks but not Terraform's state. Without this apply, the next apply of any
    # change would roll out the broken image again.
    if tags.image is None:
        failure.details.append(f"No release served before {failed}, so none serves now.")
        failure.hint = failure.hint or "Fix the cause and run `python -m deploy up` again."
        return
    try:
        with context.reporter.step(f"restore {tags.image}"), explained():
            follow(context, apply(context, lock, tags))
    except DeployError as problem:
        raise RestoreFailedError(
            f"{failure.message} Restoring {tags.image} failed too: {problem.message}",
            details=[*failure.details, "restore:", *problem.details, serving_line(context)],
            hint=f"Act now: run `python -m deploy status`, then `python -m deploy rollback {tags.image}`.",
        ) from failure
    failure.details.append(serving_line(context))


def serving_line(context: Context) -> str:
    """One line that says what serves now, for a failure's details. Never raises."""
    try:
        tag = context.serving(context.stack_or_none())
    except Exception as problem:  # it must not hide the failure that it is part of
        return f"Could not find out what serves now: {problem}"
    return f"Serving now: {tag or 'nothing'}."
