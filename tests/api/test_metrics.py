"""Metrics: CloudWatch's embedded metric format on standard output, or a Prometheus endpoint."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from itemsvc.core import capacity
from itemsvc.core.routes import KEY, operation, template
from itemsvc.observability import emf, metrics
from itemsvc.observability.prometheus import MAX_CLIENTS
from tests.support import emf as specification
from tests.support.service import ROOT, Service, free_port, wait_until

SERVICE = ("Service", "itemsvc-test")
MISSING = "/gadgets/01a20345-2a68-71e7-9885-ffb9c4503ab4"


def emf_lines(service: Service) -> list[str]:
    """The lines that are metrics; every line is JSON, whoever wrote it."""
    return [line for line in service.log.read_text().splitlines() if "_aws" in json.loads(line)]


def sums(service: Service) -> dict[tuple[str, str], float]:
    """The counts of all lines so far, by metric and operation (`` for the service)."""
    total: dict[tuple[str, str], float] = defaultdict(float)
    for line in emf_lines(service):
        for (name, dimensions), value in specification.metrics(line).items():
            assert dimensions[0] == SERVICE
            count = sum(value["Counts"]) if isinstance(value, dict) else value
            total[name, dict(dimensions).get("Operation", "")] += count
    return total


def stop(service: Service) -> None:
    """SIGTERM, and the end; a connection that is left open would be waited for."""
    service.http.close()
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(30)


def exercise(service: Service) -> None:
    """28 requests of each kind there is: 22 good ones, 6 bad."""
    for _ in range(20):
        service.get("/gadgets")
    service.post("/gadgets", data="[", headers={"Content-Type": "application/json"})
    service.post("/gadgets", json={"name": "one"})
    service.post("/gadgets", data=iter([b'{"name":', b'"in chunks"}']), headers={"Content-Type": "application/json"})
    service.get(MISSING)
    for path in ("/nope", "/nope/2"):
        service.get(path)
    for method in ("TRACE", "FROBNICATE"):
        service.request(method, "/gadgets")


@pytest.mark.slow
def test_emf_counts_every_request_by_operation(start_service) -> None:
    service = start_service(METRICS="emf", OTEL_SERVICE_NAME="itemsvc-test", WEB_CONCURRENCY="2")
    exercise(service)
    stop(service)
    total = sums(service)
    assert total["Requests", ""] == 28
    assert (total["ClientErrors", ""], total["ServerErrors", ""]) == (6, 0)
    assert {name: count for (metric, name), count in total.items() if metric == "Requests" and name} == {
        "GET /health": 1,
        "GET /gadgets": 20,
        "GET /gadgets/{id}": 1,
        "POST /gadgets": 3,
        "other": 4,
    }
    assert total["Latency", ""] == 28
    assert total["Queries", ""] >= 23
    assert total["DatabaseTime", ""] == 23
    assert total["Refusals", ""] == 0


def documented(module: str) -> set[tuple[str, tuple[str, ...], str]]:
    """Name, dimensions and unit of each row in the module's table."""
    rows = re.findall(r"^(\w+)  +(Service(?:, Operation)?)  +(Count|Milliseconds) ", module, re.MULTILINE)
    return {(name, tuple(dimensions.split(", ")), unit) for name, dimensions, unit in rows}


@pytest.mark.own_worker
def test_the_table_lists_what_is_written() -> None:
    made = metrics.Operation({200: 1}, queries=1)
    process = emf.process_document(0, "itemsvc", metrics.Overload(), 0, 0)
    lines = [emf.operation_document(0, "itemsvc", ("GET", "/gadgets"), made), process]
    directives = [directive for line in lines for directive in line["_aws"]["CloudWatchMetrics"]]
    assert documented(emf.__doc__) == {
        (metric["Name"], tuple(directive["Dimensions"][0]), metric["Unit"])
        for directive in directives
        for metric in directive["Metrics"]
    }


@pytest.mark.slow
def test_emf_is_written_at_each_interval_whole_under_load(start_service) -> None:
    service = start_service(METRICS="emf", METRICS_INTERVAL="1", OTEL_SERVICE_NAME="itemsvc-test", WEB_CONCURRENCY="2")
    deadline = time.monotonic() + 3

    def ask() -> int:
        asked = 0
        with requests.Session() as http:
            while time.monotonic() < deadline:
                asked += http.get(f"{service.url}/gadgets", timeout=10).status_code == 200
        return asked

    with ThreadPoolExecutor(8) as pool:
        asked = sum(future.result() for future in [pool.submit(ask) for _ in range(8)])
    connections = [
        value
        for line in emf_lines(service)
        for (name, _), value in specification.metrics(line).items()
        if name == "DatabaseConnections"
    ]
    assert len(connections) >= 4  # Two processes, twice each at least.
    assert max(connections) >= 2
    stop(service)
    # A line torn by another process's would be no JSON, and its requests would be missing here.
    assert sums(service)["Requests", ""] == asked
    assert max(len(line) for line in emf_lines(service)) < 4096  # What a pipe takes in one piece.


@pytest.mark.own_worker
@pytest.mark.slow
def test_emf_says_how_many_waited_and_were_refused(start_service) -> None:
    few = {"GUNICORN_THREADS": "1", "GUNICORN_MAX_QUEUED": "2", "GUNICORN_QUEUE_TIMEOUT": "30"}
    service = start_service(METRICS="emf", OTEL_SERVICE_NAME="itemsvc-test", **few)
    with service.connection() as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("LOCK TABLE sample_gadget")
        with ThreadPoolExecutor(6) as pool:
            answers = [pool.submit(requests.get, f"{service.url}/gadgets", timeout=30) for _ in range(6)]
            wait_until(lambda: sum(answer.done() for answer in answers) == 3, "all but three are refused")
            connection.rollback()
            assert sorted(answer.result().status_code for answer in answers) == [200] * 3 + [503] * 3
    stop(service)
    total = sums(service)
    assert (total["Refusals", ""], total["QueueDepth", ""], total["Requests", ""]) == (3, 2, 3)


@pytest.mark.own_worker
@pytest.mark.slow
def test_the_costs_count_what_is_billed(start_service) -> None:
    service = start_service(METRICS="emf", METRICS_INTERVAL="1", OTEL_SERVICE_NAME="itemsvc-test")

    def billed() -> list[int]:
        found = {metric for line in emf_lines(service) for metric in specification.metrics(line)}
        return [len(found)] if {"DatabaseConnections", "Latency"} <= {name for name, _ in found} else []

    idle = wait_until(billed, "an interval without a request")[0]
    gadget = f"/gadgets/{service.post('/gadgets', json={'name': 'one'}).json()['id']}"
    for path in ("/gadgets", gadget, "/health/ready", "/schema", "/docs", "/static/none.css", "/nope"):
        service.get(path)
    for method in ("PUT", "PATCH", "DELETE"):
        service.request(method, gadget, json={"name": "other"} if method != "DELETE" else None)
    stop(service)
    text = (ROOT / "docs/costs.md").read_text()
    assert re.findall(r"^\| \*\*\D+\| \*\*(\d+)\*\* \|", text, re.MULTILINE) == [str(idle), str(billed()[0])]


def give_up(service: Service) -> None:
    """Three connections where two are allowed, then a client that says half a word, then a request without an end."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", service.port))) for _ in range(3)]
        assert clients[0].recv(1) == b""
    assert service.raw(b"GET /it").startswith(b"HTTP/1.1 408 ")
    with service.connection() as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("LOCK TABLE sample_gadget")
        assert requests.get(f"{service.url}/gadgets", timeout=10).status_code == 503


LITTLE = {
    "GUNICORN_CLIENT_TIMEOUT": "1",
    "GUNICORN_REQUEST_TIMEOUT": "1",
    "GUNICORN_CMD_ARGS": "--worker-connections 2",
}


@pytest.mark.own_worker
@pytest.mark.slow
def test_emf_says_what_was_given_up(start_service) -> None:
    service = start_service(METRICS="emf", OTEL_SERVICE_NAME="itemsvc-test", **LITTLE)
    give_up(service)
    stop(service)
    total = sums(service)
    assert [total[name, ""] for name in ("OverdueRequests", "ClientTimeouts", "Evictions")] == [1, 1, 1]


@pytest.mark.own_worker
@pytest.mark.slow
def test_prometheus_says_what_was_given_up(start_service) -> None:
    port = free_port()
    give_up(start_service(METRICS="prometheus", METRICS_PORT=str(port), **LITTLE))
    names = [f"itemsvc_{name}_total" for name in ("overdue_requests", "client_timeouts", "evictions")]
    wait_until(lambda: [scrape(port).get((name, ())) for name in names] == [1, 1, 1], "all three are published")


def test_a_full_distribution_is_one_line_that_a_pipe_takes_whole() -> None:
    filled = metrics.Operation({200: 10**6})
    for distribution in (filled.latency, filled.database):
        distribution.counts = [1] * (len(metrics.BOUNDS) + 1)
    filled.queries = 1
    line = json.dumps(emf.operation_document(int(time.time() * 1000), "itemsvc", ("GET", "/gadgets"), filled))
    assert len(specification.metrics(line)["Latency", (("Service", "itemsvc"),)]["Values"]) == 82
    assert len(json.dumps(json.loads(line), separators=(",", ":"))) < 4096


def latency_of(*milliseconds: float) -> metrics.Distribution:
    recorder = metrics.Recorder(lambda: 0)
    for one in milliseconds:
        recorder.record({}, 200, one / 1000)
    return recorder.take()[0]["other", "other"].latency


@pytest.mark.parametrize("milliseconds", [0.07, 1, 1.1, 3.3, 250, 61_000])
def test_a_value_is_right_within_a_tenth(milliseconds: float) -> None:
    assert emf.values(latency_of(milliseconds))["Values"][0] == pytest.approx(milliseconds, rel=0.1)


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("gadgets/<uuid:pk>", "/gadgets/{id}"),
        ("docs", "/docs"),
        ("admin/sample/gadget/<path:object_id>/change/", "/admin/"),
    ],
)
def test_a_route_is_named_as_the_schema_does(route: str, name: str) -> None:
    assert template(route) == name


@pytest.mark.parametrize(
    ("environ", "status", "expected"),
    [
        ({"REQUEST_METHOD": "HEAD", KEY: "/gadgets"}, 200, ("GET", "/gadgets")),
        ({"REQUEST_METHOD": "GET", "PATH_INFO": "/health/"}, 200, ("GET", "/health")),
        ({"REQUEST_METHOD": "GET", "PATH_INFO": "/static/a.css"}, 200, ("GET", "/static/")),
        ({"REQUEST_METHOD": "PUT", "PATH_INFO": "/static/a.css"}, 404, ("other", "other")),
        ({"REQUEST_METHOD": "GET", "PATH_INFO": "/made/up"}, 404, ("other", "other")),
        ({"REQUEST_METHOD": "PUT", KEY: "/gadgets"}, 405, ("other", "other")),
        ({"REQUEST_METHOD": "MADEUP", KEY: "/gadgets"}, 400, ("other", "other")),
        ({}, 400, ("other", "other")),
    ],
)
def test_callers_cannot_make_operations_up(environ: dict[str, str], status: int, expected: tuple[str, str]) -> None:
    assert operation(environ, status) == expected


def test_requests_are_counted_under_their_route_or_what_their_path_says() -> None:
    recorder = metrics.Recorder(lambda: 0)
    for _ in range(2):
        for path, route in (("/gadgets", "/gadgets"), ("/health", None), ("/made/up", None)):
            recorder.record({"REQUEST_METHOD": "GET", "PATH_INFO": path} | ({KEY: route} if route else {}), 200, 0.001)
        recorder.record({"REQUEST_METHOD": "MADEUP", KEY: "/gadgets"}, 400, 0.001)
        recorder.record({"REQUEST_METHOD": "GET", KEY: "/gadgets"}, 405, 0.001)
    found = {key: operation.statuses for key, operation in recorder.take()[0].items()}
    assert found == {
        ("GET", "/gadgets"): {200: 2},
        ("GET", "/health"): {200: 2},
        ("other", "other"): {200: 2, 400: 2, 405: 2},
    }
    assert recorder.take()[0] == {}


def test_the_queue_and_what_was_given_up_are_read_once_each() -> None:
    waiting = 0
    recorder = metrics.Recorder(lambda: waiting)
    for waiting in (3, 7, 2):  # noqa: B007  (read by the recorder)
        recorder.record({}, 404, 0.001)
    capacity.load.refused += 1
    capacity.load.evicted += 2
    assert (recorder.take()[1], recorder.take_overload()) == (7, metrics.Overload(refused=1, evicted=2))
    assert (recorder.take()[1], recorder.take_overload()) == (2, metrics.Overload())


def scrape(port: int) -> dict[tuple[str, tuple[str, ...]], float]:
    """The samples by name and label values."""
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests_to_gadgets(port: int) -> float:
    return scrape(port).get(("itemsvc_requests_total", ("GET", "/gadgets", "200")), 0)


@pytest.mark.slow
def test_prometheus_answers_for_all_workers_and_for_those_that_ended(start_service) -> None:
    port = free_port()
    service = start_service(METRICS="prometheus", METRICS_PORT=str(port), WEB_CONCURRENCY="2")
    exercise(service)
    wait_until(lambda: requests_to_gadgets(port) == 20, "both workers' numbers are published")
    samples = scrape(port)
    assert samples["itemsvc_processes", ()] == 2
    assert samples["itemsvc_requests_total", ("other", "other", "404")] == 2
    assert samples["itemsvc_requests_total", ("POST", "/gadgets", "201")] == 2
    assert samples["itemsvc_request_duration_seconds_count", ("GET", "/gadgets")] == 20
    assert samples["itemsvc_queries_total", ("GET", "/gadgets")] == 20
    assert samples["itemsvc_request_duration_seconds_bucket", ("65.536", "GET", "/gadgets")] == 20
    wait_until(lambda: scrape(port)["itemsvc_database_connections", ()] >= 1, "connections are counted")

    files = metrics_files(service)
    worker = next(line for line in service.log_lines() if line["message"].startswith("Booting worker"))
    os.kill(int(worker["message"].rpartition(" ")[2]), signal.SIGKILL)
    ended = "the killed worker is replaced"
    wait_until(lambda: sum("Booting" in line["message"] for line in service.log_lines()) == 3, ended)
    wait_until(lambda: scrape(port)["itemsvc_processes", ()] == 2, "the new one is counted")
    assert requests_to_gadgets(port) == 20
    assert metrics_files(service) <= files


def metrics_files(service: Service) -> set[str]:
    """The files in memory that the workers have open. There must not be more with each worker that ended."""
    workers = psutil.Process(service.process.pid).children()
    return {file.path for worker in workers for file in worker.open_files() if file.path.endswith(".db")}


@pytest.mark.slow
def test_prometheus_is_not_on_the_public_port(start_service) -> None:
    port = free_port()
    service = start_service(METRICS="prometheus", METRICS_PORT=str(port))
    assert service.get("/metrics").status_code == 404
    other = requests.get(f"http://127.0.0.1:{port}/gadgets", timeout=5)
    assert (other.status_code, other.headers.get("Server")) == (404, None)
    [worker] = psutil.Process(service.process.pid).children()
    listening = [each.laddr for each in worker.net_connections() if each.status == psutil.CONN_LISTEN]
    assert [each.ip for each in listening if each.port == port] == ["127.0.0.1"]
    # A client that says nothing does not keep the service from ending.
    with socket.create_connection(("127.0.0.1", port)):
        stop(service)
    assert service.process.returncode == 0


@pytest.mark.slow
def test_clients_that_drip_get_few_threads_of_prometheus_and_not_for_long(start_service) -> None:
    port = free_port()
    service = start_service(METRICS="prometheus", METRICS_PORT=str(port))
    [worker] = psutil.Process(service.process.pid).children()
    before = worker.num_threads()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(100)]
        wait_until(lambda: drip(clients) <= MAX_CLIENTS, "the others are turned away")
        assert worker.num_threads() <= before + MAX_CLIENTS
        wait_until(lambda: drip(clients) == 0, "the time of the first is over")
    assert requests_to_gadgets(port) == 0


def drip(clients: list[socket.socket]) -> int:
    """Sends a byte of a request on each connection; returns how many of them are open."""
    closed = (BrokenPipeError, ConnectionResetError)
    for client in [*clients]:
        try:
            client.sendall(b"G")
            client.settimeout(0.001)
            open_still = client.recv(1) != b""
        except TimeoutError:
            continue
        except closed:
            open_still = False
        if not open_still:
            clients.remove(client)
    return len(clients)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"METRICS": "statsd"}, "METRICS is 'statsd', which is not one of none, emf, prometheus."),
        ({"METRICS": "prometheus", "METRICS_PORT": "8000"}, "METRICS_PORT is 8000, which is PORT"),
    ],
)
def test_a_mistake_stops_the_service(variables: dict[str, str], sentence: str) -> None:
    environment = os.environ | {"PORT": "8000"} | variables
    command = [sys.executable, "-m", "gunicorn", "--check-config"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"itemsvc: {sentence}")


@pytest.mark.slow
def test_a_port_in_use_stops_the_service() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        environment = os.environ | {"PORT": str(free_port()), "METRICS": "prometheus", "METRICS_PORT": str(port)}
        command = [sys.executable, "-m", "gunicorn"]
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=30
        )
    assert result.returncode == 1
    assert f"itemsvc: METRICS_PORT is {port}, but nothing can listen on it" in result.stderr


def test_off_writes_and_loads_nothing(service: Service) -> None:
    service.get("/gadgets", headers={"X-Request-ID": "unmeasured"})
    wait_until(lambda: "unmeasured" in service.log.read_text(), "the access line")
    assert emf_lines(service) == []
    code = "import gunicorn.app.wsgiapp, runpy, sys; runpy.run_path('gunicorn.conf.py'); import itemsvc.wsgi; "
    code += "print(*sorted(name for name in sys.modules if name.startswith(('prometheus', 'opentelemetry'))))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "\n"


@pytest.mark.slow
def test_a_slow_request_is_logged_with_what_it_asked_the_database(start_service) -> None:
    service = start_service(SLOW_REQUEST_MS="1000")
    for name in ("first", "fast"):
        service.get("/gadgets", headers={"X-Request-ID": name})
    with service.connection() as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("LOCK TABLE sample_gadget")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(service.get, "/gadgets", headers={"X-Request-ID": "slow"})
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            wait_until(lambda: service.execute(waiting), "the request waits")
            began = time.monotonic()
            wait_until(lambda: time.monotonic() - began > 1.1, "it has waited")
            connection.rollback()
            assert answer.result().status_code == 200
    lines = wait_until(
        lambda: [line for line in service.log_lines() if line["logger"] == "itemsvc.slow"], "the slow request's line"
    )
    assert "fast" not in {line["request_id"] for line in lines}
    line = next(line for line in lines if line["request_id"] == "slow")
    assert (line["level"], line["method"], line["path"], line["status"]) == ("WARNING", "GET", "/gadgets", 200)
    assert (line["route"], line["queries"]) == ("/gadgets", 1)
    assert 1100 <= line["database_ms"] <= line["duration_ms"]


@pytest.mark.slow
def test_no_reader_of_standard_output_costs_no_request(start_service) -> None:
    """The lines are lost with the pipe; requests are not."""
    service = start_service()
    port = free_port()
    environment = service.environment | {"PORT": str(port), "METRICS": "emf", "METRICS_INTERVAL": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        answers = lambda: requests.get(f"http://127.0.0.1:{port}/gadgets", timeout=5).status_code == 200  # noqa: E731
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "it listens")
        assert answers()
        assert process.stdout
        process.stdout.close()
        began = time.monotonic()
        while time.monotonic() - began < 2.5:  # At least two intervals.
            assert answers()
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
