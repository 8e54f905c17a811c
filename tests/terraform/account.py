"""An empty AWS account: moto's server on a free port, from start to stop."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3

from tests.terraform import requirements

REGION = "us-east-1"
START_SECONDS = 60
DROPPED = ("AWS_", "TF_VAR_", "TF_WORKSPACE", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG")


class Account:
    """What Terraform and boto3 take for AWS."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True)
        self.port = _free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        with (directory / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    str(requirements.moto_python()),
                    str(Path(__file__).parent / "moto_server.py"),
                    f"--journal={directory}",
                    "-H127.0.0.1",
                    f"-p{self.port}",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which this account is AWS. Nothing of the caller's can lead to a real one."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def wait(self) -> None:
        """Returns once the server takes connections; raises RuntimeError with its log if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"moto did not start:\n{(self.directory / 'server.log').read_text()}")

    def stop(self) -> None:
        """Ends the server and with it the account."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def client(self, service: str) -> Any:
        """A boto3 client of this account."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def journal(self, name: str) -> list[dict[str, Any]]:
        """The documents of one of the server's journals, oldest first."""
        path = self.directory / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def secret(self, name: str) -> str:
        """The current value of a secret."""
        return str(self.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
