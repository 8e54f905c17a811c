"""What is raised ends nothing but the connection that it was about: neither a thread, nor the loop, nor the process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from gunicorn.workers import gthread

from itemsvc.server.connection import Connection


class ContainedWorker(gthread.ThreadWorker):
    """gunicorn's threaded worker, with a guard for each step of its loop and each request.

    An application may raise anything, SystemExit included, which would end a thread without a word, and in the loop the
    process. The same exception is how gunicorn's handlers of signals end it; only then is it let through.
    """

    quitting = False

    def handle_quit(self, sig: int, frame: Any) -> None:
        """SIGQUIT or SIGINT: at once."""
        self.quitting = True
        super().handle_quit(sig, frame)

    def handle_abort(self, sig: int, frame: Any) -> None:
        """SIGABRT, the arbiter's to a worker without a heartbeat."""
        self.quitting = True
        super().handle_abort(sig, frame)

    def init_process(self) -> None:
        """gunicorn's, in the worker's process: a thread that ends nevertheless says why, as a line of the log."""
        threading.excepthook = self._tell_why
        super().init_process()

    def _tell_why(self, ended: threading.ExceptHookArgs) -> None:
        self.log.critical("A thread has ended.", exc_info=ended[:3])

    def attempt(self, callback: Callable[..., Any], *arguments: Any) -> None:
        """Calls it; what it raises is logged, and the connection that it was about is closed."""
        try:
            callback(*arguments)
        except BaseException:
            self.report("An error was contained.")
            for connection in arguments:
                if isinstance(connection, Connection):
                    self.attempt(self.drop, connection)

    def report(self, message: str) -> None:
        """Logs what is being handled; raises it again where the process is to end."""
        if self.quitting:
            raise  # noqa: PLE0704  (called while it is handled)
        with contextlib.suppress(BaseException):  # What formats or takes the line may fail too.
            self.log.exception(message)

    def drop(self, connection: Connection) -> None:
        """Closes it at once; does nothing where it is closed."""
        raise NotImplementedError
