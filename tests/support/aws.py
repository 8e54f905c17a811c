"""Functions for emulated AWS accounts. They need only the standard library, because rehearsals run without Django."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from pathlib import Path

REGION = "us-east-1"
DROPPED = ("AWS_", "TF_VAR_", "TF_WORKSPACE", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG")


#: Below the ports that systems give to outgoing connections, one of which could take a port before its service starts.
PORTS = range(15000, 32000)


def free_port() -> int:
    """A free TCP port of the loopback interface, which no other test of this machine gets soon."""
    with (Path(tempfile.gettempdir()) / f"tests-last-port-{os.getuid()}").open("a+") as last:
        fcntl.flock(last, fcntl.LOCK_EX)
        last.seek(0)
        number = int(last.read() or 0) + 1
        while not _is_free(PORTS[number % len(PORTS)]):
            number += 1
        last.truncate(0)
        last.write(str(number))
        return PORTS[number % len(PORTS)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


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
