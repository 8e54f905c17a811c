"""MiniStack in a container and moto in a process: an empty AWS account on free ports of this machine.

Every container, network, volume and image of this run has the run's name. `stop` removes these and nothing else.
"""

import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.rehearsal.prerequisites import docker_client
from tests.rehearsal.repository import BUNDLE
from tests.support.aws import REGION, aws_environment, free_port

IMAGE = "ministackorg/ministack:1.5.33"
# MiniStack runs an RDS instance of this major version from this image.
DATABASE_IMAGE = "postgres:18-alpine"
SOURCE = Path(__file__).parent / "emulator"
LABEL = "itemsvc.rehearsal"
ACCOUNT = "000000000000"
GATEWAY_PORT = 4566
# The issuer's host of every user pool. Tasks fetch the keys there.
ISSUER = f"cognito-idp.{REGION}.amazonaws.com"
READY_SECONDS = 60
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \S+ \w+ \[(?!hypercorn)|Traceback|\s+File|\w+Error")
# The usual limit of task definitions. A Docker daemon in a restricted machine may not be allowed to grant it.
ORDINARY_NOFILE = 65536


class EmulatorError(Exception):
    """An emulator did not start. The message has the reason and the last log lines."""


class Emulators:
    """The emulated account, from `start` to `stop`."""

    def __init__(self):
        self.run = f"rehearsal-{secrets.token_hex(4)}"
        self.docker = docker_client()
        self.directory = Path(tempfile.mkdtemp(prefix=f"itemsvc-{self.run}-"))
        self.network = self.gateway = self.moto = None
        self.port = self.moto_port = 0
        self.nofile_ceiling = None

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def moto_endpoint(self):
        return f"http://127.0.0.1:{self.moto_port}"

    def start(self):
        """Starts both and waits until they respond. Raises EmulatorError."""
        import docker

        try:
            self._pull()
            self.nofile_ceiling = self._nofile_ceiling()
            self._start_moto()
            self._start_ministack()
        except docker.errors.DockerException as problem:
            raise EmulatorError(str(problem)) from problem
        self._wait(f"{self.moto_endpoint}/moto-api/data.json", self._moto_log)
        self._wait(f"{self.endpoint}/_ministack/health", self.log_tail)

    def stop(self, image_tags=()):
        """Removes everything that this run started, and the local images of these tags.

        Returns one line for each object that could not be removed.
        """
        left = []
        if self.moto:
            self.moto.terminate()
            try:
                self.moto.wait(10)
            except subprocess.TimeoutExpired:
                self.moto.kill()
        # The gateway must go first, because it would replace removed tasks.
        containers = self.containers(all=True)
        for container in sorted(containers, key=lambda c: c.name != self.run):
            left += _attempt(container.name, lambda c=container: c.remove(force=True, v=True))
        for network in self.docker.networks.list(filters={"label": f"{LABEL}={self.run}"}):
            left += _attempt(network.name, network.remove)
        for name in self._image_names(image_tags):
            left += _attempt(name, lambda name=name: self.docker.images.remove(name, force=True))
        shutil.rmtree(self.directory, ignore_errors=True)
        return left

    def containers(self, **options):
        """Every container of this run: the gateway and the containers that it started."""
        return self.docker.containers.list(filters={"label": f"{LABEL}={self.run}"}, ignore_removed=True, **options)

    def environment(self):
        """The environment that makes commands use this account instead of AWS.

        Plain HTTP goes through the gateway, because only the gateway knows the load balancers' host names.
        """
        return aws_environment(self.endpoint) | {
            "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": self.moto_endpoint,
            "AWS_ENDPOINT_URL_CLOUDWATCH": self.moto_endpoint,
            "AWS_PAGER": "",
            "HTTP_PROXY": self.endpoint,
            "http_proxy": self.endpoint,
            "DOCKER_CONFIG": str(self._docker_config()),
        }

    def authority_certificate(self):
        """The PEM certificate of the authority that signs the emulated databases' certificates."""
        chunks, _ = self.gateway.get_archive("/run/rds-ca.pem")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            return archive.extractfile("rds-ca.pem").read().decode()

    def database_container(self):
        """The container of the emulated RDS instance."""
        return next(c for c in self.containers() if c.labels.get("ministack") == "rds")

    def log_tail(self, lines=40):
        """The gateway's last log lines, without its access log and its banner."""
        if not self.gateway:
            return ""
        text = self.gateway.logs(tail=max(2000, 10 * lines)).decode(errors="replace")
        return "\n".join([line for line in text.splitlines() if LOG_LINE.match(line)][-lines:])

    def _pull(self):
        import docker

        for image in (IMAGE, DATABASE_IMAGE):
            try:
                self.docker.images.get(image)
            except docker.errors.ImageNotFound:
                self.docker.images.pull(image)

    def _nofile_ceiling(self):
        """The limit of open files that this engine allows a container, or None when the usual limit is possible."""
        from docker.errors import APIError
        from docker.types import Ulimit

        limit = Ulimit(name="nofile", soft=ORDINARY_NOFILE, hard=ORDINARY_NOFILE)
        try:
            self._hard_nofile(ulimits=[limit])
        except APIError:
            return self._hard_nofile()
        return None

    def _hard_nofile(self, **options):
        probe = self.docker.containers.create(
            IMAGE, entrypoint=["sh", "-c", "ulimit -Hn"], labels={LABEL: self.run}, **options
        )
        try:
            probe.start()
            probe.wait(timeout=30)
            return int(probe.logs())
        finally:
            probe.remove(force=True)

    def _start_moto(self):
        self.moto_port = free_port()
        with (self.directory / "moto.log").open("wb") as log:
            self.moto = subprocess.Popen(
                [sys.executable, str(SOURCE / "moto_start.py"), "-H", "127.0.0.1", "-p", str(self.moto_port)],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _start_ministack(self):
        self.network = self.docker.networks.create(self.run, labels={LABEL: self.run})
        self.port = free_port()
        self.gateway = self.docker.containers.create(
            IMAGE,
            name=self.run,
            network=self.run,
            networking_config={self.run: self.docker.api.create_endpoint_config(aliases=[ISSUER])},
            labels={LABEL: self.run},
            entrypoint=["python", "/opt/rehearsal/ministack_start.py"],
            ports={f"{GATEWAY_PORT}/tcp": ("127.0.0.1", self.port)},
            volumes=["/var/run/docker.sock:/var/run/docker.sock"],
            environment={
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "MINISTACK_REGION": REGION,
                "MINISTACK_HOSTNAME": self.run,
                "REHEARSAL_LABEL": f"{LABEL}={self.run}",
                "REHEARSAL_REGISTRY": f"127.0.0.1:{self.port}",
                "REHEARSAL_CA_FILE": "/run/rds-ca.pem",
                "REHEARSAL_CA_BUNDLE": f"/app/{BUNDLE}",
                "REHEARSAL_NOFILE_CEILING": str(self.nofile_ceiling or ""),
            },
        )
        # The files are copied instead of mounted, because a remote engine cannot see this machine's files.
        self.gateway.put_archive("/opt", _archive(SOURCE, "rehearsal"))
        self.gateway.start()

    def _wait(self, url, log):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        raise EmulatorError(f"no answer from {url} within {READY_SECONDS} s\n{log()}")

    def _moto_log(self):
        return (self.directory / "moto.log").read_text(errors="replace")[-2000:]

    def _image_names(self, tags):
        registry, ours = f"127.0.0.1:{self.port}/", tuple(f":{tag}" for tag in tags)
        return [
            name
            for image in self.docker.images.list()
            for name in image.tags
            if name.startswith(registry) or (ours and name.endswith(ours))
        ]

    def _docker_config(self):
        """A Docker client configuration of this run, so that its registry login does not stay on the machine."""
        mine, original = self.directory / "docker", Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        if mine.exists():
            return mine
        mine.mkdir()
        for name in ("contexts", "cli-plugins", "buildx"):
            if (original / name).exists():
                (mine / name).symlink_to(original / name)
        settings = original / "config.json"
        known = json.loads(settings.read_text()) if settings.exists() else {}
        (mine / "config.json").write_text(json.dumps({k: v for k, v in known.items() if k != "credsStore"}))
        return mine


def _archive(directory, name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(directory, arcname=name, filter=lambda entry: None if "__pycache__" in entry.name else entry)
    return buffer.getvalue()


def _attempt(name, action):
    import docker

    try:
        action()
    except docker.errors.NotFound:
        pass
    except (docker.errors.APIError, OSError) as problem:
        return [f"{name}: {problem}"]
    return []
