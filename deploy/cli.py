"""The command line: parses the options, runs the command, turns failures into exit codes."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from deploy import aws
from deploy.commands import down, logs, migrate, rollback, status, up
from deploy.commands import run as run_command
from deploy.console import make_reporter
from deploy.context import Context
from deploy.errors import DeployError, InterruptedDeployError, exit_code_table
from deploy.options import PROJECT_ROOT, Options
from deploy.stack import WORKER

COMMANDS: dict[str, Callable[[Context], None]] = {
    "up": up.run,
    "migrate": migrate.run,
    "run": run_command.run,
    "status": status.run,
    "logs": logs.run,
    "rollback": rollback.run,
    "down": down.run,
}
RESULT_ON_STDOUT = {"run", "status", "logs"}
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = parse(arguments)
    reporter = make_reporter(to_stderr=options.command in RESULT_ON_STDOUT)
    # A shell starts background jobs with SIGINT ignored. Without a handler they could not be interrupted.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        COMMANDS[options.command](Context(options, reporter))
    except Exception as error:  # every failure gets a message and an exit code
        failure = _as_failure(error)
    except KeyboardInterrupt:
        failure = InterruptedDeployError("Interrupted.", hint="Every step is idempotent: run the same command again.")
    else:
        return 0
    finally:
        reporter.close()
    reporter.error(failure)
    return failure.exit_code


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Parses the options. Exits with 2 and a usage line when they are wrong."""
    values = vars(_parser().parse_args(arguments))
    known = {item.name for item in fields(Options)}
    return Options(**{name: value for name, value in values.items() if name in known and value is not None})


def _as_failure(error: Exception) -> DeployError:
    if os.environ.get("DEPLOY_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, DeployError):
        return error
    if isinstance(error, (ClientError, BotoCoreError)):
        return aws.explain(error)
    return DeployError(f"deploy itself failed: {type(error).__name__}: {error}", hint="DEPLOY_DEBUG=1 shows where.")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy",
        description="Deploys a commit to ECS Fargate.",
        epilog=f"exit codes:\n{exit_code_table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_up(commands)
    _add_migrate(commands)
    _add_run(commands)
    _add(
        commands, "status", "show the serving release, running roll-outs and the deploy lock", changes=False
    ).add_argument("--json", action="store_true", help="one JSON object on stdout")
    _add_logs(commands)
    _add_rollback(commands)
    _add_down(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(commands: Commands, name: str, summary: str, *, changes: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("-e", "--environment", default=os.environ.get("DEPLOY_ENVIRONMENT", "dev"), help="default: dev")
    parser.add_argument(
        "--terraform-dir", type=Path, default=PROJECT_ROOT / "terraform", help="default: the project's terraform/"
    )
    _seconds(parser, "--poll", "pause between two queries to AWS")
    if changes:
        parser.add_argument("--dry-run", action="store_true", help="show what would happen, change nothing")
    return parser


def _seconds(parser: argparse.ArgumentParser, name: str, purpose: str) -> None:
    default = getattr(Options, name.strip("-").replace("-", "_"))
    parser.add_argument(name, type=_duration, metavar="SECONDS", help=f"{purpose}; default: {default}")


def _add_up(commands: Commands) -> None:
    parser = _add(commands, "up", "build, push, migrate, roll out, smoke-test")
    parser.add_argument("--allow-dirty", action="store_true", help="deploy uncommitted changes too")
    parser.add_argument("--image-tag", type=_tag, metavar="TAG", help="deploy an image that is in the registry")
    parser.add_argument("--root", type=Path, default=PROJECT_ROOT, help="the checkout to build; default: the project")
    _seconds(parser, "--migrate-timeout", "stop the migrate task after this time")
    _add_release_options(parser)


def _add_migrate(commands: Commands) -> None:
    parser = _add(commands, "migrate", "run the migrate task once more")
    _seconds(parser, "--migrate-timeout", "stop the task after this time")
    _break_lock(parser)


def _add_run(commands: Commands) -> None:
    parser = _add(commands, "run", "run a command as a one-off task: run -- python manage.py check")
    parser.add_argument(
        "--timeout", dest="migrate_timeout", type=_duration, metavar="SECONDS", help="stop the task after this time"
    )
    parser.add_argument(
        "--env", dest="task_environment", action=_AddVariable, metavar="NAME=VALUE", help="set a variable in the task"
    )
    parser.add_argument("task_command", nargs="+", metavar="COMMAND", help="the command, after --")


def _add_logs(commands: Commands) -> None:
    parser = _add(commands, "logs", "show the log of the service, the worker or one-off tasks", changes=False)
    parser.add_argument("-f", "--follow", action="store_true", help="show new lines until Ctrl-C")
    parser.add_argument("--since", type=_duration, help="90, 15m, 2h, 1d; default: 1h")
    parser.add_argument("--migrate", dest="source", action="store_const", const="migrate", help="show one-off tasks")
    parser.add_argument("--worker", dest="source", action="store_const", const=WORKER, help="show the worker")
    parser.add_argument("--task", metavar="ID", help="only this task")


def _add_rollback(commands: Commands) -> None:
    parser = _add(commands, "rollback", "roll out an earlier release again")
    parser.add_argument("image_tag", nargs="?", type=_tag, metavar="TAG", help="default: the previous release")
    _add_release_options(parser)


def _add_down(commands: Commands) -> None:
    parser = _add(commands, "down", "destroy the environment")
    parser.add_argument("--yes", dest="assume_yes", action="store_true", help="do not ask")
    _terraform_times(parser)
    _break_lock(parser)


def _add_release_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--smoke-url",
        default=os.environ.get("DEPLOY_SMOKE_URL"),
        metavar="URL",
        help="smoke-test this address instead of the load balancer's URL (also DEPLOY_SMOKE_URL)",
    )
    parser.add_argument("--skip-smoke", action="store_true", help="rely on the health checks of ECS alone")
    _seconds(parser, "--rollout-timeout", "give up the roll-out after this time")
    _seconds(parser, "--smoke-timeout", "give up the smoke test after this time")
    _terraform_times(parser)
    _break_lock(parser)


def _terraform_times(parser: argparse.ArgumentParser) -> None:
    _seconds(parser, "--terraform-timeout", "interrupt an apply after this time")
    _seconds(parser, "--state-lock-timeout", "wait this long for the lock of the Terraform state")


def _break_lock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--break-lock", action="store_true", help="take the lock of a deploy that you know is dead")


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90, 15m or 2h")
    return float(match[1]) * UNITS[match[2]]


def _tag(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an image tag")
    return text


class _AddVariable(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):  # type: ignore[no-untyped-def]
        name, equals, value = values.partition("=")
        if not (name and equals):
            parser.error(f"{values!r} is not NAME=VALUE")
        variables = getattr(namespace, self.dest) or {}
        setattr(namespace, self.dest, {**variables, name: value})


if __name__ == "__main__":
    sys.exit(main())
