"""The command: `python -m tests.rehearsal`, which `make rehearse` runs.

python -m tests.rehearsal              run all acts
python -m tests.rehearsal emulators    start the empty account, show how to use it, remove it at Ctrl-C
"""

import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.rehearsal import prerequisites

ROOT = Path(__file__).parents[2]
SUMMARY = ROOT / ".local" / "rehearsal" / "summary.md"
LOGS = SUMMARY.parent / "logs"
LOG_LINES = 20_000
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_HAND = ("AWS_", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "DOCKER_CONFIG")


def main(arguments=None):
    """Returns 0 when no act failed or a tool is missing, 1 after a failure, 2 for wrong usage, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.rehearsal", description="Rehearse the whole AWS deployment.")
    parser.add_argument(
        "command",
        nargs="?",
        choices=("play", "emulators"),
        default="play",
        help="run the acts (the default), or only start the emulators to try things by hand",
    )
    options = parser.parse_args(arguments)
    problem = prerequisites.missing()
    if problem:
        return _not_possible(problem)
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    from tests.rehearsal.emulators import EmulatorError

    try:
        return _by_hand() if options.command == "emulators" else _play()
    except EmulatorError as problem:
        print(f"rehearsal: the emulators did not start: {problem}\n0 passed, 1 failed")
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Everything that this run started is removed.", file=sys.stderr)
        return 130


def _interrupt(*_):
    raise KeyboardInterrupt


def _not_possible(problem):
    if os.environ.get("CI") == "true":
        print(f"rehearsal: {problem}\n0 passed, 1 failed")
        return 1
    print(f"rehearsal skipped: {problem}")
    return 0


def _play():
    from tests.rehearsal.acts import ACTS
    from tests.rehearsal.report import Report

    report = Report(len(ACTS))
    with _Set(report) as stage:
        _play_acts(ACTS, stage, report)
    report.finish(SUMMARY)
    return 1 if report.failed else 0


def _play_acts(acts, stage, report):
    from tests.rehearsal.report import SKIPPED, Result

    lost = False
    for act in acts:
        if lost and not act.always:
            report.add(Result(act.name, SKIPPED, 0.0))
            continue
        result = _play_act(act, stage, report)
        report.add(result)
        lost = lost or (act.needed and result.outcome != "passed")


def _play_act(act, stage, report):
    from tests.rehearsal.commands import ActError
    from tests.rehearsal.report import FAILED, PASSED, Result

    stage.notes, started = [], time.monotonic()
    with report.step(report.title(act.name)):
        try:
            act.play(stage)
            return Result(act.name, PASSED, time.monotonic() - started, stage.notes)
        except ActError as failure:
            reason, details = str(failure), failure.details
        except Exception as problem:  # Any exception is a failure of the act. The later acts still run.
            reason, details = f"{type(problem).__name__}: {problem}", _where(problem)
    seconds = time.monotonic() - started
    return Result(act.name, FAILED, seconds, stage.notes, reason, [*details, *_logs(stage)])


def _where(problem):
    import traceback

    return traceback.format_exception(problem)[-3:]


def _logs(stage):
    lines = []
    for name, tail in stage.container_logs().items():
        lines += [f"--- log of container {name}", *tail]
    return [*lines, "--- log of the emulator", *stage.emulators.log_tail(20).splitlines()]


class _Set:
    """Starts the emulators and the scratch repository before the first act, and removes them after the last."""

    def __init__(self, report):
        self._report = report

    def __enter__(self):
        from tests.rehearsal.emulators import Emulators
        from tests.rehearsal.repository import Repository
        from tests.rehearsal.stage import Stage

        self._directory = tempfile.TemporaryDirectory(prefix="itemsvc-rehearsal-", ignore_cleanup_errors=True)
        self._emulators, self._repository = Emulators(), None
        started = time.monotonic()
        try:
            with self._report.step("starting the emulators"):
                self._emulators.start()
                self._repository = Repository(
                    ROOT, Path(self._directory.name) / "itemsvc", self._emulators.authority_certificate()
                )
        except BaseException:
            self._remove()
            raise
        self._report.line(f"emulators up after {time.monotonic() - started:.1f} s: MiniStack and moto, not AWS")
        if self._emulators.nofile_ceiling:
            self._report.line(
                f"this Docker engine allows at most {self._emulators.nofile_ceiling} open files,"
                " so higher limits of task definitions are lowered"
            )
        shutil.rmtree(LOGS, ignore_errors=True)
        LOGS.mkdir(parents=True)
        return Stage(self._emulators, self._repository, LOGS)

    def __exit__(self, *_):
        try:
            (LOGS / "emulator.log").write_text(self._emulators.log_tail(LOG_LINES))
        finally:
            with self._report.step("removing what was started"):
                self._remove()

    def _remove(self):
        # A second Ctrl-C must not interrupt the clean-up.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
        try:
            for line in self._emulators.stop(self._repository.tags if self._repository else ()):
                self._report.line(f"could not remove {line}")
            self._directory.cleanup()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _by_hand():
    from tests.rehearsal.report import WHAT_THIS_IS, Report

    report = Report(0)
    with _Set(report) as stage:
        report.line(WHAT_THIS_IS)
        report.line("In another shell:")
        report.line()
        report.line(f"cd {shlex.quote(str(stage.repository.path))}")
        report.line("unset AWS_PROFILE AWS_SESSION_TOKEN")
        for name, value in stage.environment.items():
            if name.startswith(BY_HAND):
                report.line(f"export {name}={shlex.quote(value)}")
        report.line()
        report.line("Ctrl-C here removes the account, its containers and that directory.")
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
