"""Functions for emulated AWS accounts. They need only the standard library, because rehearsals run without Django."""

from __future__ import annotations

import os
import socket

REGION = "us-east-1"
DROPPED = ("AWS_", "TF_VAR_", "TF_WORKSPACE", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG")


def free_port() -> int:
    """A free TCP port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def aws_environment(endpoint: str) -> dict[str, str]:
    """The environment that replaces AWS by the account at this URL. It removes the caller's AWS variables."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(DROPPED)}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
