"""The Docker engine, through whichever `docker` is first on the PATH, and what a test makes with it."""

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
    """A command's result; raises AssertionError with its words and output if it fails and ``check`` is true."""
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False, **kwargs)
    if check and result.returncode:
        raise AssertionError(f"{' '.join(words)} ended with {result.returncode}: {result.stdout}{result.stderr}")
    return result


def docker(*words: str, **kwargs: Any) -> str:
    """What a docker command prints."""
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
        """What a command in it prints."""
        return docker("exec", self.name, *words, **kwargs)

    def python(self, code: str) -> Any:
        """What that code prints as JSON."""
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
        """Until the engine reports that event of it, also if it did already; AssertionError if it ends or is late."""
        # The engine tells: asking it over and over would take the CPU that the container starts with.
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
        """Its exit code, once it has ended."""
        return int(docker("wait", self.name, seconds=seconds))


@dataclass
class Session:
    """What one test session makes: every name carries its id, and `clear` removes all of it and nothing else."""

    id: str = field(default_factory=lambda: f"itemsvc-test-{uuid.uuid4().hex[:8]}")
    count: int = 0

    def name(self) -> str:
        """A name that nobody else has."""
        self.count += 1
        return f"{self.id}-{self.count}"

    @property
    def label(self) -> str:
        """The option that marks something as this session's."""
        return f"--label={LABEL}={self.id}"

    def network(self) -> str:
        """A new network's name."""
        name = self.name()
        docker("network", "create", self.label, name)
        return name

    def volume(self) -> str:
        """A new volume's name."""
        return docker("volume", "create", self.label, self.name())

    def start(self, image: str, *command: str, options: tuple[str, ...] = ()) -> Container:
        """A new container in the background."""
        container = Container(self.name())
        docker("run", "--detach", self.label, f"--name={container.name}", *options, image, *command)
        return container

    def run(
        self, image: str, *command: str, options: tuple[str, ...] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """The result of a container that runs to its end and is gone then."""
        return run("docker", "run", "--rm", self.label, f"--name={self.name()}", *options, image, *command, check=check)

    def clear(self) -> None:
        """Removes every container, network, volume and image of the session; the build cache stays."""
        mine = f"--filter=label={LABEL}={self.id}"
        for kind, listing, removal in (
            ("container", ("ls", "--all", "--quiet"), ("rm", "--force", "--volumes")),
            ("network", ("ls", "--quiet"), ("rm",)),
            ("volume", ("ls", "--quiet"), ("rm", "--force")),
            ("image", ("ls", "--quiet"), ("rm", "--force")),
        ):
            if found := docker(kind, *listing, mine).split():
                docker(kind, *removal, *sorted(set(found)), check=False)
