"""The boto3 clients of one region, and AWS errors in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from deploy.errors import AwsError, CredentialsError, DeployError

Client = Any  # boto3 has no types for its clients

CREDENTIAL_CODES = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
DENIED_CODES = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
CREDENTIAL_ERRORS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
    exceptions.UnauthorizedSSOTokenError,
)
SIGN_IN_HINT = "Sign in again (for example `aws sso login`), or set AWS_PROFILE or AWS_ACCESS_KEY_ID."

# botocore repeats throttled and interrupted calls. Six attempts with back-off take about half a minute.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="itemsvc-deploy",
)


class Aws:
    """Clients made on first use. boto3 reads AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> itself."""

    def __init__(self, region: str):
        self.region = region
        self._session: Any = boto3.session.Session(region_name=region)

    def client(self, service: str) -> Client:
        return self._session.client(service, config=CONFIG)

    @cached_property
    def ecs(self) -> Client:
        return self.client("ecs")

    @cached_property
    def ecr(self) -> Client:
        return self.client("ecr")

    @cached_property
    def logs(self) -> Client:
        return self.client("logs")

    @cached_property
    def ssm(self) -> Client:
        return self.client("ssm")

    def account(self) -> str:
        """The account id of the credentials."""
        identity = self.client("sts").get_caller_identity()
        return str(identity["Account"])


@contextmanager
def explained() -> Iterator[None]:
    """Turns botocore's exceptions into DeployErrors."""
    try:
        yield
    except (exceptions.ClientError, exceptions.BotoCoreError) as error:
        raise explain(error) from error


def error_code(error: exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def find_parameter(ssm: Client, name: str) -> dict[str, Any] | None:
    """The API's answer about a parameter of the Parameter Store; None without it."""
    try:
        answer: dict[str, Any] = ssm.get_parameter(Name=name)
    except exceptions.ClientError as error:
        if error_code(error) == "ParameterNotFound":
            return None
        raise
    return answer


def read_parameter(ssm: Client, name: str) -> str | None:
    """The value of a parameter of the Parameter Store; None without it."""
    answer = find_parameter(ssm, name)
    return str(answer["Parameter"]["Value"]) if answer else None


def delete_parameter(ssm: Client, name: str) -> None:
    """Deletes a parameter of the Parameter Store, if it exists."""
    try:
        ssm.delete_parameter(Name=name)
    except exceptions.ClientError as error:
        if error_code(error) != "ParameterNotFound":
            raise


def explain(error: exceptions.ClientError | exceptions.BotoCoreError) -> DeployError:
    """Returns the DeployError for a botocore exception."""
    if isinstance(error, CREDENTIAL_ERRORS):
        return CredentialsError(f"No usable AWS credentials: {error}", hint=SIGN_IN_HINT)
    if isinstance(error, exceptions.ClientError):
        return _explain_answer(error)
    return AwsError(f"AWS could not be reached: {error}", hint="Check the network and the region, then try again.")


def _explain_answer(error: exceptions.ClientError) -> DeployError:
    code = error_code(error)
    said = " ".join(str(error.response.get("Error", {}).get("Message") or code).split())[:300]
    if code in CREDENTIAL_CODES:
        return CredentialsError(f"AWS refused the credentials ({code}): {said}", hint=SIGN_IN_HINT)
    if code in DENIED_CODES:
        return AwsError(
            f"These credentials may not call {error.operation_name}: {said}",
            hint="Use the deploy role, or add the permission to it.",
        )
    return AwsError(f"{error.operation_name} failed ({code}): {said}", hint="Every step is idempotent: try again.")
