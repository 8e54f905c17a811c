"""The container's health check, `python -I -S itemsvc/http/healthcheck.py`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from itemsvc.http import healthcheck
from tests.support.service import ROOT, Service, free_port


def check(port: object) -> subprocess.CompletedProcess[str]:
    """The check as the container runs it."""
    command = [sys.executable, "-I", "-S", str(ROOT / "itemsvc/http/healthcheck.py")]
    return subprocess.run(command, env={"PORT": str(port)}, capture_output=True, text=True, check=False)


def test_a_service_that_answers_is_healthy(service: Service) -> None:
    assert healthcheck.status_line(service.port) == b"HTTP/1.1 200 OK"
    result = check(service.port)
    assert (result.returncode, result.stderr) == (0, "")


def test_nothing_there_is_unhealthy() -> None:
    result = check(free_port())
    assert result.returncode == 1
    assert "healthcheck: " in result.stderr


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b""])
def test_another_answer_is_unhealthy(answer: bytes) -> None:
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        result = check(listener.getsockname()[1])
        thread.join()
    assert (result.returncode, "does not answer 200" in result.stderr) == (1, True)
