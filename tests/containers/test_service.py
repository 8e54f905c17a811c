"""The service in a container with the limits of the smallest Fargate task."""

from __future__ import annotations

import re
import time

import pytest
import requests

from tests.containers.conftest import APP_VERSION
from tests.containers.engine import Container, Session, docker
from tests.support.service import wait_until

pytestmark = pytest.mark.docker

GRACEFUL_SECONDS = 30

PROCESSES = """
import json, pathlib
found = []
for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
    try:
        head, _, tail = stat.read_text().rpartition(")")
    except OSError:
        continue
    pid, _, name = head.partition(" (")
    found.append([int(pid), name, *tail.split()[:2]])
print(json.dumps(found))
"""


def test_becomes_healthy_and_ready(api: Container) -> None:
    for path, status in (("/health", "healthy"), ("/health/ready", "ready")):
        response = requests.get(api.url(8000) + path, timeout=30)
        assert (response.status_code, response.json()["status"]) == (200, status)


def test_stays_in_its_memory_and_starts_one_worker(api: Container) -> None:
    state = api.inspect()["State"]
    assert state["Running"]
    assert not state["OOMKilled"]
    # The processes are init, gunicorn's master and one worker. A quarter of a CPU gives one worker on any machine.
    processes = api.python(PROCESSES)
    assert [name for _, name, _, _ in processes if name.startswith("gunicorn")] == ["gunicorn", "gunicorn"]


def test_serves_gadgets(api: Container) -> None:
    made = requests.post(api.url(8000) + "/gadgets", json={"name": "in a container"}, timeout=30)
    assert made.status_code == 201
    assert requests.get(made.headers["Location"], timeout=30).json() == made.json()


def test_says_its_version(api: Container) -> None:
    schema = requests.get(api.url(8000) + "/schema", headers={"Accept": "application/json"}, timeout=60).json()
    assert schema["info"]["version"] == APP_VERSION


def test_static_files_are_collected_and_cached_for_long(api: Container) -> None:
    page = requests.get(api.url(8000) + "/gadgets", headers={"Accept": "text/html"}, timeout=60).text
    [path] = re.findall(r'href="(/static/rest_framework/css/default\.[0-9a-f]{12}\.css)"', page)
    response = requests.get(api.url(8000) + path, timeout=30)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/css")
    assert response.headers["Content-Encoding"] in ("gzip", "br")
    age = re.search(r"max-age=(\d+)", response.headers["Cache-Control"])
    assert age
    assert int(age.group(1)) >= 365 * 24 * 3600
    assert "immutable" in response.headers["Cache-Control"]


def test_the_root_file_system_is_read_only_and_tmp_is_not(api: Container) -> None:
    code = """
import errno, json, pathlib
def write(path):
    try:
        pathlib.Path(path, "probe").write_text("x")
    except OSError as error:
        return errno.errorcode[error.errno]
    return "written"
print(json.dumps({path: write(path) for path in ("/app", "/var/tmp", "/tmp", "/dev/shm")}))
"""
    assert api.python(code) == {"/app": "EROFS", "/var/tmp": "EROFS", "/tmp": "written", "/dev/shm": "written"}


def test_nothing_complains_in_the_log(api: Container) -> None:
    complaint = r'"level": ?"(WARNING|ERROR|CRITICAL)"|Traceback'
    assert [line for line in api.logs().splitlines() if re.search(complaint, line)] == []


def test_a_volume_on_tmp_belongs_to_whoever_runs(engine: Session, image: str) -> None:
    # Docker makes a volume for root. The image's /tmp passes on its mode, so user 10001 can write to it.
    options = (f"--volume={engine.volume()}:/tmp", "--read-only", "--cap-drop=ALL")
    code = "import os; open('/tmp/probe', 'w').write('x'); print(os.stat('/tmp').st_uid, oct(os.stat('/tmp').st_mode))"
    assert engine.run(image, "python", "-c", code, options=options).stdout.split() == ["0", "0o41777"]


def test_init_reaps_orphans(api: Container) -> None:
    [init] = [name for pid, name, _, _ in api.python(PROCESSES) if pid == 1]
    assert init in ("docker-init", "tini")
    orphans = 5
    # The shell ends before its children, so init must reap them.
    api.exec("sh", "-c", f"for each in $(seq {orphans}); do (sleep 0.2 &); done")
    wait_until(lambda: not [p for p in api.python(PROCESSES) if p[1] == "sleep"], "the orphans are reaped", 20)


def test_sigterm_ends_it_in_good_time(
    engine: Session, image: str, service_options: tuple[str, ...], migrated: str
) -> None:
    container = engine.start(image, options=(*service_options, "--publish=127.0.0.1::8000"))
    container.wait_for("health_status: healthy", 90)
    # An idle kept-alive connection must not delay it.
    with requests.Session() as http:
        assert http.get(container.url(8000) + "/schema", timeout=30).status_code == 200
        began = time.monotonic()
        docker("kill", "--signal=TERM", container.name)
        assert container.wait(GRACEFUL_SECONDS) == 0
    assert time.monotonic() - began < GRACEFUL_SECONDS
    assert not re.search(r'"level": ?"(ERROR|CRITICAL)"|Traceback', container.logs())


@pytest.mark.parametrize(
    ("variable", "value"), [("DATABASE_URL", ""), ("SECRET_KEY", ""), ("HTTPS_ONLY", "flase"), ("PORT", "http")]
)
def test_a_bad_variable_ends_it_with_one_sentence(
    engine: Session, image: str, service_options: tuple[str, ...], variable: str, value: str
) -> None:
    result = engine.run(image, options=(*service_options, f"--env={variable}={value}"), check=False)
    assert result.returncode == 1
    [sentence] = result.stderr.splitlines()
    assert sentence.startswith(f"itemsvc: {variable} ")
