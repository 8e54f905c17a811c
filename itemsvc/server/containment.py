"""Exceptions stay with their request: they never end a thread, the event loop or the process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from gunicorn.workers import gthread

from itemsvc.server.connection import Connection


class ContainedWorker(gthread.ThreadWorker):
    """gunicorn's threaded worker, with a guard around each step of its loop and each request.

    An application may raise anything. SystemExit would end a thread silently, and in the loop it would end the process.
    gunicorn's signal handlers also end the process by SystemExit, so it passes the guard after such a signal only.
    """

    quitting = False

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Stops at once, on SIGQUIT or SIGINT."""
        self.quitting = True
        super().handle_quit(sig, frame)

    def handle_abort(self, sig: int, frame: Any) -> None:
        """Stops on SIGABRT, which the arbiter sends to a worker without a heartbeat."""
        self.quitting = True
        super().handle_abort(sig, frame)

    def init_process(self) -> None:
        """Prepares the worker's process; a thread that ends by an exception is logged."""
        threading.excepthook = self._log_ended_thread
        super().init_process()

    def _log_ended_thread(self, ended: threading.ExceptHookArgs) -> None:
        self.log.critical("A thread has ended.", exc_info=ended[:3])

    def attempt(self, callback: Callable[..., Any], *arguments: Any) -> None:
        """Calls it. If it raises, the error is logged, and connections among the arguments are closed."""
        try:
            callback(*arguments)
        except BaseException:
            self.report("An error was contained.")
            for connection in arguments:
                if isinstance(connection, Connection):
                    self.attempt(self.drop, connection)

    def report(self, message: str) -> None:
        """Logs the exception that is being handled; raises it again if the process is to end."""
        if self.quitting:
            raise  # noqa: PLE0704  (the caller handles an exception)
        with contextlib.suppress(BaseException):  # Formatting or writing the line may fail too.
            self.log.exception(message)

    def drop(self, connection: Connection) -> None:
        """Closes the connection at once, if it is open."""
        raise NotImplementedError
