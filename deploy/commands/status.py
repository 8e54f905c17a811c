"""`status`: shows the serving release, running roll-outs and the deploy lock."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from deploy import service
from deploy.context import Context
from deploy.lock import read_lease
from deploy.service import Deployment, Service
from deploy.stack import Stack

SHOWN_RELEASES = 5


def run(context: Context) -> None:
    """Prints the report as text, or with --json as one object."""
    context.terraform.check_environment()
    context.terraform.init()
    report = collect(context, context.stack())
    if context.options.json:
        print(json.dumps(report, indent=2))
        return
    print("\n".join(render(report)))


def collect(context: Context, stack: Stack) -> dict[str, Any]:
    """Collects the report as JSON types."""
    live = context.live(stack)
    lease = read_lease(context.aws.ssm, f"{context.prefix}/lock")
    return {
        "environment": stack.environment,
        "region": stack.region,
        "url": stack.url,
        "serving": context.serving(stack),
        "state_image_tag": stack.image_tag,
        "migrate_image_tag": stack.migrate_image_tag,
        "tasks": _tasks(live),
        "worker": _tasks(context.live(stack.worker)),
        "deployments": [_deployment(context, stack, known) for known in live.deployments] if live else [],
        "events": [event.message for event in live.events[:5]] if live else [],
        "lock": str(lease) if lease else None,
        "lock_expired": lease.expired if lease else None,
        "releases": [asdict(release) for release in reversed(context.releases.read()[-SHOWN_RELEASES:])],
    }


def render(report: dict[str, Any]) -> list[str]:
    """The report as lines of text."""
    serving, wanted = report["serving"], report["state_image_tag"]
    lines = [
        f"environment  {report['environment']} ({report['region']})",
        f"url          {report['url']}",
        f"serving      {serving or 'nothing'}",
    ]
    if serving != wanted:
        lines.append(f"             the Terraform state says {wanted or 'nothing'}: run `python -m deploy up`")
    lines += [f"{name:<12} {_counts(report[name])}" for name in ("tasks", "worker") if report[name]]
    lines += [_deployment_line(known) for known in report["deployments"]]
    lines.append(f"deploying    {report['lock'] or 'nobody'}{' (died)' if report['lock_expired'] else ''}")
    lines += [f"release      {each['at']} {each['tag']} by {each['by']}" for each in report["releases"]]
    return lines + [f"event        {message}" for message in report["events"]]


def _tasks(live: Service | None) -> dict[str, int] | None:
    return {"desired": live.desired, "running": live.running, "pending": live.pending} if live else None


def _counts(tasks: dict[str, int]) -> str:
    return "{running} running, {pending} pending, {desired} desired".format(**tasks)


def _deployment(context: Context, stack: Stack, known: Deployment) -> dict[str, Any]:
    tag = service.image_tag(context.aws.ecs, known.task_definition, stack.container_name)
    return {**asdict(known), "image_tag": tag}


def _deployment_line(known: dict[str, Any]) -> str:
    revision = known["task_definition"].rpartition("/")[2]
    return (
        f"deployment   {known['status']} {known['rollout_state']} {known['image_tag']} ({revision}): "
        f"{known['running']} of {known['desired']} running"
    )
