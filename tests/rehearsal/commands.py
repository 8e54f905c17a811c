"""The commands of acts, and the error of an act."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SHOWN_LINES = 30


class ActError(Exception):
    """An act failed. `details` are lines that show why."""

    def __init__(self, message, details=()):
        super().__init__(message)
        self.details = list(details)


def check(condition, message, details=()):
    """Raises ActError unless the condition holds. `details` may be a text."""
    if not condition:
        lines = str(details).splitlines()[-SHOWN_LINES:] if isinstance(details, str) else details
        raise ActError(message, lines)


@dataclass(frozen=True)
class Run:
    """A finished command. `output` also contains standard error, unless `errors` has it."""

    command: str
    code: int
    output: str
    seconds: float
    errors: str = ""

    def expect(self, code):
        """Returns itself. Raises ActError with the last output lines for another exit code."""
        check(
            self.code == code,
            f"`{self.command}` ended with exit code {self.code}, not {code}",
            self.output + self.errors,
        )
        return self


class Background:
    """A command in the background. Its output goes to the file `log`, and so does standard error unless kept apart."""

    def __init__(self, command, cwd, environment, log, separate_errors=False):
        self.command, self.started = command, time.monotonic()
        self._log, self._errors = log, log.with_suffix(".err") if separate_errors else None
        with log.open("wb") as output, (self._errors or Path(os.devnull)).open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors if separate_errors else subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, timeout):
        """Waits for the end and returns a Run. Kills the command and raises ActError after `timeout` seconds."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ActError(f"`{self._shown}` took longer than {timeout} s", self._output()[-SHOWN_LINES:]) from None
        except BaseException:
            self.kill()
            raise
        errors = self._errors.read_text(errors="replace") if self._errors else ""
        seconds = time.monotonic() - self.started
        return Run(self._shown, self.process.returncode, "\n".join(self._output()), seconds, errors)

    def _output(self):
        return self._log.read_text(errors="replace").splitlines()

    def kill(self):
        """Kills the command and its child processes."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def _shown(self):
        return " ".join(["python", *self.command[1:]] if self.command[0] == sys.executable else self.command)
