"""`up`: deploys the commit of the working tree."""

from __future__ import annotations

from deploy import change, git, image, service
from deploy.aws import explained
from deploy.commands.migrate import migrate
from deploy.context import Context
from deploy.errors import DeployError, ImageMissingError
from deploy.lock import DeployLock
from deploy.process import require
from deploy.stack import Stack
from deploy.terraform import Tags

BUILD, CREATE, PUSH, PREPARE, MIGRATE = (
    "build the image",
    "create the infrastructure",
    "push the image",
    "apply the migrate task",
    "migrate",
)


def run(context: Context) -> None:
    """Builds, pushes, migrates, rolls out and smoke-tests. Does not repeat a finished build or push."""
    tag = _tag(context)
    context.prepare()
    if context.options.dry_run:
        _dry_run(context, tag)
        return
    stack = context.stack_or_none()
    first = () if stack else (CREATE,)
    context.reporter.plan([BUILD, *first, PUSH, PREPARE, MIGRATE, *change.STEPS])
    with context.lock() as lock:
        _up(context, lock, tag)
    context.reporter.line(f"{tag} serves at {context.stack().url}")


def _up(context: Context, lock: DeployLock, tag: str) -> None:
    # Another deploy may have changed the state before this one got the lock.
    stack = context.stack_or_none()
    previous = context.serving(stack)
    try:
        with explained():
            _prepare(context, lock, stack, tag, previous)
    except DeployError as failure:
        failure.details.append(change.serving_line(context))
        raise
    change.release(context, lock, Tags(tag, tag), previous)


def _prepare(context: Context, lock: DeployLock, stack: Stack | None, tag: str, previous: str | None) -> None:
    """Prepares the release without a change to the service: image, registry, migrate task, migrations."""
    with context.reporter.step(BUILD):
        local = _build(context, stack, tag)
    if stack is None:
        with context.reporter.step(CREATE):
            stack = change.apply(context, lock, Tags())
    with context.reporter.step(PUSH):
        lock.check()
        _push(context, stack, local, tag)
    with context.reporter.step(PREPARE):
        stack = change.apply(context, lock, Tags(_as_it_is(context, stack, previous), tag))
    with context.reporter.step(MIGRATE):
        lock.check()
        migrate(context, stack)


def _tag(context: Context) -> str:
    options = context.options
    if options.image_tag:
        return options.image_tag
    require("docker")
    return git.image_tag(options.root, allow_dirty=options.allow_dirty)


def _build(context: Context, stack: Stack | None, tag: str) -> str | None:
    """Returns the local image's name, or None when the registry already has the tag."""
    if stack and image.exists(context.aws.ecr, stack.ecr_repository_name, tag):
        context.reporter.line(f"the registry has {tag} already")
        return None
    if context.options.image_tag:
        raise ImageMissingError(f"The registry has no image {tag}.", hint="Leave out --image-tag to build one.")
    local = f"{context.settings['name']}:{tag}"
    image.build(
        context.options.root, local, architecture=context.settings["cpu_architecture"], note=context.reporter.note
    )
    return local


def _push(context: Context, stack: Stack, local: str | None, tag: str) -> None:
    if local is not None:
        image.push(context.aws.ecr, local, stack.ecr_repository_url, tag, context.reporter.note)


def _as_it_is(context: Context, stack: Stack, previous: str | None) -> str | None:
    """The service's image tag to keep while only the migrate task changes.

    It comes from ECS and not from the state. After the circuit breaker rolled a release back, the state may still
    name the broken image.
    """
    live = context.live(stack)
    if live is None or live.primary is None:
        return stack.image_tag
    if live.primary.rollout_state == "FAILED":
        return previous or stack.image_tag
    return service.image_tag(context.aws.ecs, live.primary.task_definition, stack.container_name) or stack.image_tag


def _dry_run(context: Context, tag: str) -> None:
    stack = context.stack_or_none()
    reporter = context.reporter
    if stack is None:
        reporter.line(f"would build {tag}, create everything below, push, migrate and roll out")
        context.terraform.plan(Tags(), reporter)
        return
    known = image.exists(context.aws.ecr, stack.ecr_repository_name, tag)
    reporter.line(f"{tag} is in the registry already" if known else f"would build and push {tag}")
    reporter.line(f"would migrate with {tag}, then replace {context.serving(stack) or 'nothing'} by {tag}:")
    context.terraform.plan(Tags(tag, tag), reporter)
