"""Searches the files and the output of Terraform for real secrets."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.terraform.stack import Stack


def secrets_of(stack: Stack) -> set[str]:
    """Every password and key that the account ever held."""
    account = stack.account
    passwords = {entry["password"] for entry in account.journal("passwords.jsonl")}
    client = account.client("secretsmanager")
    for secret in client.list_secrets()["SecretList"]:
        for version in client.list_secret_version_ids(SecretId=secret["ARN"], IncludeDeprecated=True)["Versions"]:
            answer = client.get_secret_value(SecretId=secret["ARN"], VersionId=version["VersionId"])
            passwords.add(answer["SecretString"])
    return passwords


def files_with(directory: Path, secrets: set[str]) -> list[str]:
    """Names of the files below `directory` that hold one of the secrets. It unpacks plan files."""
    needles = [secret.encode() for secret in secrets]
    # It skips the provider's executable, which has hundreds of megabytes.
    paths = [path for path in directory.rglob("*") if path.is_file() and "providers" not in path.parts]
    return [path.name for path in paths for content in _contents(path) if any(needle in content for needle in needles)]


def _contents(path: Path) -> list[bytes]:
    if not zipfile.is_zipfile(path):
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]
