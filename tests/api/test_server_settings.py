"""gunicorn's settings: the service's worker honours one, or it stops the start and names it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import tempfile
from pathlib import Path

import pytest

from tests.support.aws import free_port
from tests.support.environment import WORKSPACE
from tests.support.service import ROOT, Service, wait_until

# Each of them starts processes, or sends thousands of requests.
pytestmark = pytest.mark.slow

#: Settings that only gunicorn's own worker honours.
REFUSED = {
    "certfile": f"--certfile {ROOT / 'certs' / 'rds-global-bundle.pem'}",
    "keyfile": f"--keyfile {ROOT / 'certs' / 'rds-global-bundle.pem'}",
    "ciphers": "--ciphers TLS_AES_256_GCM_SHA384",
    "http2_cleartext": "--http2-cleartext upgrade",
    "proxy_protocol": "--proxy-protocol v1",
    "protocol": "--protocol uwsgi",
    "strip_header_spaces": "--strip-header-spaces",
    "permit_obsolete_folding": "--permit-obsolete-folding",
    "limit_request_field_size": "--limit-request-field_size 60000",
}
#: Settings that no worker honours here, because the log has a form of its own.
NO_LOG = {
    "accesslog": "--access-logfile /tmp/access.log",
    "access_log_format": "--access-logformat %(h)s",
    "errorlog": "--error-logfile /tmp/error.log",
    "syslog": "--log-syslog",
    "statsd_host": "--statsd-host localhost:8125",
    "logconfig": "--log-config /tmp/log.conf",
}


def started(service: Service) -> tuple[int, str]:
    """The exit code of a service that must not start, and what it wrote."""
    with service.log.open("wb") as log:
        service.spawn(log)
    try:
        return service.process.wait(30), service.log.read_text()
    finally:
        service.process.kill()


@pytest.mark.parametrize("name", [*REFUSED, *NO_LOG])
def test_a_setting_that_is_not_honoured_stops_the_start(running_service: Service, name: str) -> None:
    options = (REFUSED | NO_LOG)[name]
    environment = {"GUNICORN_CMD_ARGS": options, "GUNICORN_WORKER": "itemsvc"}
    code, log = started(Service(running_service.database_url, **environment))
    assert code == 1
    [sentence] = [line for line in log.splitlines() if line.startswith("itemsvc: ")]
    assert f"gunicorn's setting {name} " in sentence
    assert "Traceback" not in log


@pytest.fixture
def tuned(running_service: Service, request: pytest.FixtureRequest) -> Service:
    return Service(running_service.database_url, GUNICORN_CMD_ARGS=request.param)


@pytest.mark.parametrize(
    ("tuned", "request_bytes", "status"),
    [
        (
            "--limit-request-line 100",
            b"GET /gadgets?search=" + b"a" * 100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            414,
        ),
        ("--limit-request-fields 6", b"GET /gadgets HTTP/1.1\r\nHost: localhost" + b"\r\nA: b" * 6 + b"\r\n\r\n", 431),
        (
            "--limit-request-field_size 100",
            b"GET /gadgets HTTP/1.1\r\nHost: localhost\r\nA: " + b"b" * 100 + b"\r\n\r\n",
            431,
        ),
    ],
    indirect=["tuned"],
)
def test_limits_are_honoured_however_a_request_is_read(tuned: Service, request_bytes: bytes, status: int) -> None:
    with tuned as service:
        assert service.raw(request_bytes).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("tuned", ["--forwarded-allow-ips *"], indirect=True)
@pytest.mark.parametrize("spelling", ["X-Forwarded-Proto: https", "X-Forwarded-Proto:  https"])
def test_a_trusted_scheme_is_honoured_however_it_is_spelled(tuned: Service, spelling: str) -> None:
    with tuned as service:
        answer = service.raw(f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{spelling}\r\n\r\n".encode())
    assert b"https://localhost/" in answer


@pytest.mark.parametrize("tuned", ["--keep-alive 0"], indirect=True)
def test_without_keep_alive_each_response_says_that_it_closes(tuned: Service) -> None:
    with tuned as service:
        for _ in range(3):
            assert service.get("/gadgets").headers["Connection"] == "close"


@pytest.mark.parametrize("tuned", [f"--config {ROOT / 'tests' / 'api' / 'hooked_conf.py'}"], indirect=True)
def test_hooks_are_called(tuned: Service) -> None:
    with tuned as service:
        assert service.get("/gadgets").status_code == 200
        wait_until(lambda: "pre GET ['HOST', " in service.log.read_text(), "pre_request is called")
        wait_until(lambda: "post GET /gadgets 200 OK" in service.log.read_text(), "post_request is called")
        service.raw(b"GARBAGE\r\n\r\n")


@pytest.mark.parametrize("tuned", ["--worker-connections 40"], indirect=True)
def test_near_the_limit_of_connections_each_response_says_that_it_closes(tuned: Service) -> None:
    with tuned as service:
        clients = [http.client.HTTPConnection("127.0.0.1", service.port, timeout=20) for _ in range(60)]
        announced = 0
        for _ in range(3):
            for client in clients:
                client.request("GET", "/health")  # Connects again if the last response said that it closes.
                with client.getresponse() as response:
                    assert response.read()
                announced += response.will_close
        assert announced


@pytest.mark.parametrize("address", ["::", "[::]", "127.0.0.1", "localhost"])
def test_it_listens_on_any_address_and_for_scrapes_too(running_service: Service, address: str) -> None:
    metrics = {"METRICS": "prometheus", "METRICS_PORT": str(free_port())}
    with Service(running_service.database_url, BIND=address, **metrics) as service:
        assert service.get("/gadgets").status_code == 200


def listens(path: Path) -> bool:
    """Whether connections to the Unix socket are accepted. Its file is there somewhat earlier."""
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.connect(str(path))
        return True
    return False


def test_it_listens_on_a_unix_socket(running_service: Service) -> None:
    path = Path(tempfile.mkdtemp(dir=WORKSPACE)) / "s"
    service = Service(running_service.database_url, BIND=f"unix:{path}")
    with service.log.open("wb") as log:
        service.spawn(log)
    try:
        wait_until(lambda: listens(path), "it listens", 60)
        for target in ("/gadgets", "/health", "/gadgets?search=%20lamp"):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect(str(path))
                client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
    finally:
        service.process.terminate()
        assert service.process.wait(30) == 0
