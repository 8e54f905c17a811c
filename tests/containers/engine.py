"""The Docker engine, by the `docker` command, and the containers, networks and volumes of a test."""

from __future__ import annotations

import json
import select
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

LABEL = "itemsvc.tests"


def run(*words: str, check: bool = True, seconds: float = 120, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command. With ``check``, raises AssertionError with the command and its output when it fails."""
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False, **kwargs)
    if check and result.returncode:
        raise AssertionError(f"{' '.join(words)} ended with {result.returncode}: {result.stdout}{result.stderr}")
    return result


def docker(*words: str, **kwargs: Any) -> str:
    """The output of a docker command."""
    output: str = run("docker", *words, **kwargs).stdout
    return output.strip()


@dataclass
class Container:
    """A container that a test started."""

    name: str

    def inspect(self) -> dict[str, Any]:
        """Its configuration and state."""
        [document] = json.loads(docker("container", "inspect", self.name))
        assert isinstance(document, dict)
        return document

    def exec(self, *words: str, **kwargs: Any) -> str:
        """The output of a command in it."""
        return docker("exec", self.name, *words, **kwargs)

    def python(self, code: str) -> Any:
        """Runs Python code in it and parses its output as JSON."""
        return json.loads(self.exec("python", "-c", code))

    def logs(self) -> str:
        """Standard output and standard error so far."""
        result = run("docker", "logs", self.name)
        return result.stdout + result.stderr

    def url(self, port: int) -> str:
        """The address on this machine of one of its ports."""
        bindings = self.inspect()["NetworkSettings"]["Ports"][f"{port}/tcp"]
        return f"http://127.0.0.1:{bindings[0]['HostPort']}"

    def wait_for(self, event: str, seconds: float) -> None:
        """Waits for an event, which may be in the past. Raises AssertionError when the container ends or is late."""
        # Repeated inspections would take CPU from the container while it starts, so this reads the engine's events.
        filters = [f"--filter={key}" for key in (f"container={self.name}", f"event={event}", "event=die")]
        since = f"--since={self.inspect()['Created']}"
        words = ["docker", "events", "--format={{.Status}}", since, *filters]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as events:
            assert events.stdout
            try:
                told, _, _ = select.select([events.stdout], [], [], seconds)
                status = events.stdout.readline().strip() if told else f"nothing within {seconds} s"
            finally:
                events.terminate()
        assert status == event, f"{self.name}: {status}, not {event}; its log: {self.logs()[-2000:]}"

    def wait(self, seconds: float) -> int:
        """Waits for its end and returns the exit code."""
        return int(docker("wait", self.name, seconds=seconds))


@dataclass
class Session:
    """The objects of one test session. Every name contains its id, so that `clear` removes only these."""

    id: str = field(default_factory=lambda: f"itemsvc-test-{uuid.uuid4().hex[:8]}")
    count: int = 0

    def name(self) -> str:
        """A unique name."""
        self.count += 1
        return f"{self.id}-{self.count}"

    @property
    def label(self) -> str:
        """The option that labels an object with this session."""
        return f"--label={LABEL}={self.id}"

    def network(self) -> str:
        """Creates a network and returns its name."""
        name = self.name()
        docker("network", "create", self.label, name)
        return name

    def volume(self) -> str:
        """Creates a volume and returns its name."""
        return docker("volume", "create", self.label, self.name())

    def start(self, image: str, *command: str, options: tuple[str, ...] = ()) -> Container:
        """Starts a container in the background."""
        container = Container(self.name())
        docker("run", "--detach", self.label, f"--name={container.name}", *options, image, *command)
        return container

    def run(
        self, image: str, *command: str, options: tuple[str, ...] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs a container to its end and removes it."""
        return run("docker", "run", "--rm", self.label, f"--name={self.name()}", *options, image, *command, check=check)

    def clear(self) -> None:
        """Removes every container, network, volume and image of the session, but not the build cache."""
        mine = f"--filter=label={LABEL}={self.id}"
        for kind, listing, removal in (
            ("container", ("ls", "--all", "--quiet"), ("rm", "--force", "--volumes")),
            ("network", ("ls", "--quiet"), ("rm",)),
            ("volume", ("ls", "--quiet"), ("rm", "--force")),
            ("image", ("ls", "--quiet"), ("rm", "--force")),
        ):
            if found := docker(kind, *listing, mine).split():
                docker(kind, *removal, *sorted(set(found)), check=False)
