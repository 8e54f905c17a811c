"""The failures of the commands. Each has its own exit code, which `python -m deploy --help` lists."""

from __future__ import annotations

from typing import ClassVar


class DeployError(Exception):
    """A failure with a message for the user.

    `details` are lines of evidence, such as log lines and reasons. `hint` says what to do next.
    """

    exit_code: ClassVar[int] = 1
    meaning: ClassVar[str] = "a bug in deploy itself (set DEPLOY_DEBUG=1 for its traceback)"

    def __init__(self, message: str, *, details: list[str] | None = None, hint: str | None = None):
        super().__init__(message)
        self.message = message
        self.details = details or []
        self.hint = hint


class UsageError(DeployError):
    exit_code = 2
    meaning = "the command line is wrong"


class MissingToolError(DeployError):
    exit_code = 10
    meaning = "a command is missing (terraform, docker, git) or the Docker engine is not running"


class CredentialsError(DeployError):
    exit_code = 11
    meaning = "AWS credentials are missing, expired or refused, or belong to another account"


class UnknownEnvironmentError(DeployError):
    exit_code = 12
    meaning = "the environment does not exist or is not deployed yet, or the state belongs to another one"


class SourceError(DeployError):
    exit_code = 13
    meaning = "the working tree is dirty or not a Git checkout"


class LockedError(DeployError):
    exit_code = 14
    meaning = "another deploy holds this environment's lock, or took it over"


class ProtectedError(DeployError):
    exit_code = 15
    meaning = "`down` was not confirmed, or deletion protection is on"


class TerraformError(DeployError):
    exit_code = 20
    meaning = "terraform failed"


class StateLockedError(TerraformError):
    exit_code = 21
    meaning = "the Terraform state is locked by another terraform"


class BuildError(DeployError):
    exit_code = 30
    meaning = "the image did not build"


class PushError(DeployError):
    exit_code = 31
    meaning = "the registry refused the login or the push"


class ImageMissingError(DeployError):
    exit_code = 32
    meaning = "the registry has no such image, or there is no earlier release to go back to"


class TaskNotPlacedError(DeployError):
    exit_code = 40
    meaning = "ECS did not accept the one-off task (failures[] of run-task)"


class TaskNotStartedError(DeployError):
    exit_code = 41
    meaning = "the one-off task stopped before its command ran (image, secrets, network)"


class TaskFailedError(DeployError):
    exit_code = 42
    meaning = "the one-off task's command exited non-zero"


class TaskTimeoutError(DeployError):
    exit_code = 43
    meaning = "the one-off task took too long and was stopped"


class RolloutFailedError(DeployError):
    exit_code = 50
    meaning = "the roll-out failed; the previous release serves"


class RolloutTimeoutError(DeployError):
    exit_code = 51
    meaning = "the roll-out took too long; the previous release serves"


class RolloutSupersededError(DeployError):
    exit_code = 52
    meaning = "somebody else's deployment replaced this one"


class RestoreFailedError(DeployError):
    exit_code = 53
    meaning = "the roll-out failed, and restoring the previous release failed too: act now"


class SmokeFailedError(DeployError):
    exit_code = 60
    meaning = "the new release answered the smoke test wrongly; the previous release serves"


class SmokeUnreachableError(DeployError):
    exit_code = 61
    meaning = "the load balancer could not be reached from here; the new release serves, unverified"


class AwsError(DeployError):
    exit_code = 70
    meaning = "an AWS API refused or could not be reached"


class InterruptedDeployError(DeployError):
    exit_code = 130
    meaning = "interrupted (Ctrl-C or SIGTERM)"


def all_errors() -> list[type[DeployError]]:
    """All kinds of failure, sorted by exit code."""
    found: list[type[DeployError]] = [DeployError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return sorted(found, key=lambda kind: kind.exit_code)


def exit_code_table() -> str:
    """The exit codes for `--help`, one per line."""
    rows = [(0, "done")] + [(kind.exit_code, kind.meaning) for kind in all_errors()]
    return "\n".join(f"  {code:>3}  {meaning}" for code, meaning in rows)
