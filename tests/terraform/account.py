"""An empty AWS account: moto's server on a free port."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3

from tests.support.aws import REGION, aws_environment, free_port
from tests.terraform import requirements

START_SECONDS = 60


class Account:
    """An emulated account that Terraform and boto3 use instead of AWS."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True)
        self.port = free_port()
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
        """The environment that makes commands use this account."""
        return aws_environment(self.endpoint)

    def wait(self) -> None:
        """Waits until the server accepts connections. Raises RuntimeError with its log when it does not start."""
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
        """Stops the server."""
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
        """The JSON documents in one of the server's journals, oldest first."""
        path = self.directory / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def secret(self, name: str) -> str:
        """The current value of a secret."""
        return str(self.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
