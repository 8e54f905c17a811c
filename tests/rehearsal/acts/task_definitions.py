"""Runs the registered task definitions under plain Docker with exactly their settings.

The act reads them from ECS and resolves their secrets. The containers use the emulated RDS instance, with another
database name in their URLs.
"""

import contextlib
import http.client
import threading
import time
import urllib.parse

from tests.rehearsal.commands import check
from tests.rehearsal.emulator import container_settings
from tests.rehearsal.emulators import LABEL

DATABASE = "plain_docker"
NO_AUTHORITY = "/etc/ssl/certs/ca-certificates.crt"
HEALTHY_SECONDS = 90
LOCK_SECONDS = 4
PROBES = {
    "id -u": "10001",
    "id -g": "10001",
    "touch /app/x 2>&1 || true": "Read-only file system",
    "touch /tmp/x && echo written": "written",
    "cat /proc/1/comm": "init",
}


def under_plain_docker(stage):
    """Migrates an empty database, becomes healthy, serves, and drains at SIGTERM within its stop timeout."""
    stage.query(f"CREATE DATABASE {DATABASE}")
    try:
        _refuse_unknown_authority(stage)
        _migrate(stage)
        _serve(stage)
    finally:
        stage.query(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def _refuse_unknown_authority(stage):
    """With another certificate bundle than the RDS one, no connection succeeds, because of verify-full."""
    with _container(stage, "migrate", sslrootcert=NO_AUTHORITY) as container:
        code = container.wait(timeout=60)["StatusCode"]
        text = _log(container)
        check(
            code != 0 and "certificate verify failed" in text, "a database of an unknown authority was accepted", text
        )


def _migrate(stage):
    with _container(stage, "migrate") as container:
        code = container.wait(timeout=120)["StatusCode"]
        check(code == 0, f"the migrate task definition ended with exit code {code}", _log(container))
    applied = stage.query("SELECT count(*) FROM django_migrations", DATABASE)[0]
    check(int(applied) > 10, f"only {applied} migrations are applied")
    stage.note(f"{applied} migrations applied to an empty database over TLS (verify-full; unknown authority refused)")


def _serve(stage):
    definition = stage.task_definition("service")
    with _container(stage, "service", ports={"8000/tcp": ("127.0.0.1", None)}) as container:
        seconds = _wait_healthy(container)
        _check_settings(stage, container, definition)
        service = _Direct(stage, container)
        created = service.request("POST", "/gadgets", b'{"name": "under plain Docker"}')
        check(created[0] == 201, f"POST /gadgets answered {created}")
        stage.note(f"healthy after {seconds:.0f} s by its own health check, limits as registered")
        _drain(stage, container, definition["containerDefinitions"][0], service)


def _check_settings(stage, container, definition):
    """Checks that Docker's settings of the container match the task definition."""
    given, asked = container.attrs["HostConfig"], definition["containerDefinitions"][0]
    seen = {
        "cpu": given["NanoCpus"],
        "memory": given["Memory"],
        "swap": given["MemorySwap"] - given["Memory"],
        "read-only": given["ReadonlyRootfs"],
        "init": given["Init"],
        "user": container.attrs["Config"]["User"],
    }
    expected = {
        "cpu": int(definition["cpu"]) * 1_000_000_000 // 1024,
        "memory": int(definition["memory"]) * 1024 * 1024,
        "swap": 0,
        "read-only": asked["readonlyRootFilesystem"],
        "init": asked["linuxParameters"]["initProcessEnabled"],
        "user": asked["user"],
    }
    check(seen == expected, f"settings {seen}, not {expected}")
    limit = min(asked["ulimits"][0]["softLimit"], stage.emulators.nofile_ceiling or asked["ulimits"][0]["softLimit"])
    for command, expectation in {**PROBES, "ulimit -n": str(limit)}.items():
        output = container.exec_run(["sh", "-c", command]).output.decode().strip()
        check(expectation in output, f"`{command}` in the container says {output!r}, not {expectation!r}")


def _drain(stage, container, asked, service):
    """Sends SIGTERM while a request waits for a lock. The request must succeed and the process end in time."""
    timeout, answers = container_settings.stop_timeout(asked), []
    locked = threading.Thread(
        target=stage.query,
        daemon=True,
        args=(f"BEGIN; LOCK TABLE sample_gadget; SELECT pg_sleep({LOCK_SECONDS}); COMMIT", DATABASE),
    )
    locked.start()
    _wait_for(
        stage,
        "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
        " AND relation = 'sample_gadget'::regclass",
        "the table was not locked",
    )
    waiting = threading.Thread(target=lambda: answers.append(service.request("GET", "/gadgets")), daemon=True)
    waiting.start()
    _wait_for(
        stage,
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'sample_gadget'::regclass",
        "the request does not wait for the lock",
    )
    started = time.monotonic()
    container.stop(timeout=timeout)
    seconds = time.monotonic() - started
    code = container.wait(timeout=5)["StatusCode"]
    waiting.join(10)
    locked.join(10)
    check(answers and answers[0][0] == 200, f"the request in flight got {answers or 'no answer'}", _log(container))
    check(code == 0 and seconds < timeout, f"exit code {code} after {seconds:.1f} s of {timeout} s", _log(container))
    stage.note(f"on SIGTERM the request in flight was answered, exit code 0 after {seconds:.1f} s of {timeout} s")


def _wait_for(stage, sql, otherwise):
    deadline = time.monotonic() + 10
    while stage.query(sql, DATABASE)[0] == "0":
        check(time.monotonic() < deadline, otherwise)
        time.sleep(0.05)


@contextlib.contextmanager
def _container(stage, kind, sslrootcert=None, **options):
    """A running container of a registered task definition."""
    definition = stage.task_definition(kind)
    asked = definition["containerDefinitions"][0]
    environment = {entry["name"]: entry["value"] for entry in asked.get("environment") or []}
    environment |= stage.resolved_secrets(asked)
    for name in environment:
        if name.endswith("DATABASE_URL"):
            environment[name] = _other_database(environment[name], sslrootcert)
    container = stage.emulators.docker.containers.run(
        asked["image"],
        asked.get("command"),
        detach=True,
        environment=environment,
        network=stage.emulators.run,
        labels={LABEL: stage.emulators.run},
        **options,
        **container_settings.run_settings(definition, asked, stage.emulators.nofile_ceiling),
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


def _other_database(url, sslrootcert):
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    if sslrootcert:
        query["sslrootcert"] = sslrootcert
    return parts._replace(path=f"/{DATABASE}", query=urllib.parse.urlencode(query)).geturl()


def _wait_healthy(container):
    """Waits for the container's health check and returns the seconds."""
    started = time.monotonic()
    while True:
        container.reload()
        state = container.attrs["State"]
        if (state.get("Health") or {}).get("Status") == "healthy":
            return time.monotonic() - started
        check(
            state["Running"] and time.monotonic() - started < HEALTHY_SECONDS,
            "the container did not get healthy",
            _log(container),
        )
        time.sleep(0.2)


def _log(container):
    return container.logs(tail=30).decode(errors="replace")


class _Direct:
    """An HTTP client for the container's port."""

    def __init__(self, stage, container):
        self._port = int(container.attrs["NetworkSettings"]["Ports"]["8000/tcp"][0]["HostPort"])
        self._host = stage.outputs()["alb_dns"]

    def request(self, method, path, body=None):
        """(status, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body, {"Host": self._host, "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
