"""The container's health check: exit code 0 if `/health` answers 200, else 1.

Run it as `python -I -S /app/itemsvc/http/healthcheck.py`. Slim images have no curl. Without `site` and `http`, Python
starts in time even on a quarter of a CPU.
"""

import os
import socket
import sys

TIMEOUT_SECONDS = 3


def status_line(port: int) -> bytes:
    """The first line of the response to `GET /health`; raises OSError if none comes in time."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.recv(64).partition(b"\r\n")[0]


if __name__ == "__main__":
    try:
        healthy = status_line(int(os.environ.get("PORT", "8000"))).startswith(b"HTTP/1.1 200 ")
    except OSError as error:
        sys.exit(f"healthcheck: {error}")
    sys.exit(0 if healthy else "healthcheck: /health does not answer 200")
