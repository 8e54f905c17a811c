"""`rollback [TAG]`: rolls out an earlier release again."""

from __future__ import annotations

from deploy import change, image, service
from deploy.context import Context
from deploy.errors import ImageMissingError, UnknownEnvironmentError
from deploy.stack import Stack
from deploy.terraform import Tags

SEARCHED_REVISIONS = 20


def run(context: Context) -> None:
    """Rolls out TAG, or the release before the serving one. Does not undo migrations."""
    context.prepare()
    stack = context.stack()
    if stack.service_name is None:
        raise UnknownEnvironmentError("No release was ever rolled out here, so there is none to roll back.")
    if context.options.dry_run:
        tag = _target(context, stack, context.serving(stack))
        context.reporter.line(f"would replace {context.serving(stack) or 'nothing'} by {tag}:")
        context.terraform.plan(Tags(tag, stack.migrate_image_tag), context.reporter)
        return
    context.reporter.plan(change.STEPS)
    with context.lock() as lock:
        stack = context.stack()
        previous = context.serving(stack)
        tag = _target(context, stack, previous)
        context.reporter.line(f"from {previous or 'nothing'} back to {tag}")
        context.reporter.line("The database stays as it is: a rollback does not undo migrations.")
        change.release(context, lock, Tags(tag, stack.migrate_image_tag), previous)
    context.reporter.line(f"{tag} serves at {stack.url}")


def _target(context: Context, stack: Stack, serving: str | None) -> str:
    tag = context.options.image_tag or _previous(context, stack, serving)
    if tag is None:
        raise ImageMissingError("No earlier release is known.", hint="Name one: `python -m deploy rollback TAG`.")
    if image.exists(context.aws.ecr, stack.ecr_repository_name, tag):
        return tag
    known = image.tags(context.aws.ecr, stack.ecr_repository_name)[:10]
    raise ImageMissingError(f"The registry has no image {tag}.", details=[f"it has: {', '.join(known) or 'none'}"])


def _previous(context: Context, stack: Stack, serving: str | None) -> str | None:
    recorded = [release.tag for release in reversed(context.releases.read()) if release.tag != serving]
    return recorded[0] if recorded else _previous_revision(context, stack, serving)


def _previous_revision(context: Context, stack: Stack, serving: str | None) -> str | None:
    """The newest other image among the task definition revisions, for a service without recorded releases."""
    family = str(stack.service_task_definition_arn).rpartition("/")[2].partition(":")[0]
    for status in ("ACTIVE", "INACTIVE"):
        arns = context.aws.ecs.list_task_definitions(
            familyPrefix=family, sort="DESC", status=status, maxResults=SEARCHED_REVISIONS
        )["taskDefinitionArns"]
        for arn in arns:
            tag = service.image_tag(context.aws.ecs, arn, stack.container_name)
            if tag not in (None, serving):
                return tag
    return None
