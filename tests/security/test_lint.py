"""`make lint` finds credentials in the tree, vulnerable packages and careless workflows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from dev.lint import LEAKS, SKIPPED, tracked
from tests.support.service import ROOT

# Put together here, so that this file has none of them.
PLANTED = {
    "aws.py": 'AWS_KEY = "AKIA' + 'QYLPMN5HFIQR7XYA"',
    "id_rsa": "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE",
    "key.pem": "x\n\n-----BEGIN " + "PRIVATE KEY-----",
    ".env": "TOKEN=ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "settings.py": "postgres://app:" + "Vw8-qTz4nLr6@db.internal/app",
    "hook": "https://hooks.slack.com/services/" + "T0ABCDEFG/B0ABCDEFG/abcdefghijklmnopqrstuvwx",
}
HARMLESS = "postgres://USER:PASSWORD@HOST/DATABASE f'https://me:{token}@host' sha256:" + "0" * 64


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """One of lint's programs."""
    command = (sys.executable, "-m", *command)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def leaks(folder: Path) -> subprocess.CompletedProcess[str]:
    """Lint's scan of the files in a new Git repository."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    scanner = Path(sys.executable).parent / LEAKS[0]
    command = [scanner, *LEAKS[1:], *tracked(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_planted_credentials_are_found_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "harmless").write_text(HARMLESS)
    for name, secret in PLANTED.items():
        (tmp_path / name).write_text(f"first line\n{secret}\n")
    result = leaks(tmp_path)
    assert result.returncode == 1
    assert set(re.findall(r"^Location: +(.+):\d+$", result.stdout, re.M)) == set(PLANTED)
    assert re.search(r"AWS Access Key\nLocation: +aws.py:2$", result.stdout, re.M)
    assert not any(secret[-12:] in result.stdout for secret in PLANTED.values())


def test_files_that_git_ignores_are_not_scanned(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(".env\n")
    (tmp_path / ".env").write_text(PLANTED[".env"])
    assert leaks(tmp_path).returncode == 0


class Source(BaseHTTPRequestHandler):
    """OSV's API, with one vulnerability."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.asked.append(f"{name}=={query['version']}")
        versions = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}
        affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [versions]}]
        body = json.dumps({"vulns": [{"id": "GHSA-planted", "affected": affected}]} if name == "gunicorn" else {})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def source() -> Iterator[str]:
    """The address of such a source."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Source) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()


@pytest.mark.slow
def test_a_vulnerable_package_is_found(source: str) -> None:
    result = run("dev.audit", "--vulnerability-service=osv", f"--osv-url={source}")
    assert result.returncode == 1, result.stderr
    assert re.fullmatch(r"gunicorn \S+: GHSA-planted, fixed in 99.1\n", result.stdout)
    pinned = {
        pin for file in ROOT.glob("requirements*.txt") for pin in re.findall(r"^[\w.-]+==\S+", file.read_text(), re.M)
    }
    assert set(Source.asked) == pinned


def test_without_a_source_it_says_that_it_did_not_run() -> None:
    result = run("dev.audit", "--vulnerability-service=osv", "--osv-url=http://127.0.0.1:9/")
    assert result.returncode == SKIPPED
    assert result.stdout == "did not run: its source of vulnerabilities cannot be asked from here\n"


@pytest.mark.slow
def test_a_careless_workflow_is_found(tmp_path: Path) -> None:
    workflow = tmp_path / ".github/workflows/ci.yml"
    workflow.parent.mkdir(parents=True)
    careless = {
        "on": "pull_request_target",
        "jobs": {"a": {"runs-on": "ubuntu-24.04", "steps": [{"run": "echo ${{ github.event.pull_request.title }}"}]}},
    }
    workflow.write_text(json.dumps(careless))
    zizmor = Path(sys.executable).parent / "zizmor"
    result = subprocess.run([zizmor, "--offline", tmp_path], capture_output=True, text=True, check=False)
    assert result.returncode
    assert "template-injection" in result.stdout
