"""A Git checkout to deploy, and the deploy command on it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LIMIT_SECONDS = 120
WELL = {"migrate": "succeed", "serve": "well"}


@dataclass(frozen=True)
class Run:
    """A finished command. `output` is stdout and stderr together."""

    code: int
    output: str

    def expect(self, code: int, *texts: str) -> Run:
        """Asserts the exit code, the texts and that there is no traceback. Returns itself."""
        assert self.code == code, self.output
        for text in texts:
            assert text in self.output, self.output
        assert "Traceback" not in self.output, self.output
        return self


@dataclass
class Project:
    """The repository of a small test service and its Terraform stack, both in `directory`."""

    directory: Path
    environment: Mapping[str, str]
    variables: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(HERE / "stack", self.terraform)
        self.write_variables("dev")
        shutil.copytree(HERE / "app", self.app)
        self.git("init", "-q")
        self.git("config", "user.name", "Deploy Tests")
        self.git("config", "user.email", "deploy-tests@example.com")
        self.commit()

    @property
    def terraform(self) -> Path:
        return self.directory / "terraform"

    @property
    def app(self) -> Path:
        return self.directory / "app"

    def write_variables(self, environment: str, **more: object) -> None:
        """Writes the environment's tfvars."""
        values = {"environment": environment, **self.variables, **more}
        path = self.terraform / "environments" / f"{environment}.tfvars"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))

    def commit(self, **behaviour: str) -> str:
        """Commits a revision with this behaviour and returns the tag of its image."""
        text = json.dumps({**WELL, **behaviour, "number": self._count()})
        (self.app / "behaviour.json").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "--short=12", "HEAD")

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.app), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def command(self, name: str, *arguments: str) -> list[str]:
        """The command line of `python -m deploy NAME …` on this project."""
        return [sys.executable, "-m", "deploy", *self.arguments(name, *arguments)]

    def arguments(self, name: str, *arguments: str) -> list[str]:
        own = ["--terraform-dir", str(self.terraform), "--poll", "0.3"]
        if name == "up":
            own += ["--root", str(self.app)]
        return [name, *own, *arguments]

    def start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(name, *arguments),
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def deploy(self, name: str, *arguments: str) -> Run:
        """Runs `python -m deploy NAME …` to its end."""
        process = self.start(name, *arguments)
        try:
            output, _ = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            pytest.fail(f"deploy {name} hangs:\n{process.communicate(timeout=30)[0]}")
        return Run(process.returncode, output)

    def terraform_command(self, *arguments: str) -> str:
        """Runs a terraform command and returns its output."""
        result = subprocess.run(
            ["terraform", *arguments],
            cwd=self.terraform,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return result.stdout

    def outputs(self) -> dict[str, object]:
        """The current Terraform outputs."""
        outputs = json.loads(self.terraform_command("output", "-json"))
        return {name: output["value"] for name, output in outputs.items()}

    def _count(self) -> int:
        command = ["git", "-C", str(self.app), "rev-list", "--count", "HEAD"]
        head = subprocess.run(command, capture_output=True, text=True, check=False)
        return int(head.stdout or 0)
