"""gunicorn.conf.py with a team's own hooks."""

from pathlib import Path
from typing import Any

exec(Path("gunicorn.conf.py").read_text())


def pre_request(worker: Any, request: Any) -> None:
    """Logs the names of the headers."""
    worker.log.info("pre %s %s", request.method, [name for name, _ in request.headers])


def post_request(worker: Any, request: Any, environ: Any, response: Any) -> None:
    """Logs the response."""
    worker.log.info("post %s %s %s", request.method, environ["PATH_INFO"], response.status)
