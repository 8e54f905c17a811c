"""`make run`: runs the service as in production, on this machine, with its own PostgreSQL.

Without DATABASE_URL it starts an embedded PostgreSQL in `.local/` (LOCAL_DIR), and stops it at the end. The data stays.
With RELOAD=1 it starts the service again when a Python file has changed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from dev import postgres, reload
from itemsvc.core import env_file
from itemsvc.core.env import Env

ROOT = Path(__file__).resolve().parent.parent
LOCAL = Path(os.environ.get("LOCAL_DIR") or ROOT / ".local")
DATA = LOCAL / "postgres"
SERVICE_ROLE = "itemsvc_service"


def main(command: list[str] | None = None) -> int:
    """Serves until Ctrl-C, or runs the management command ``command`` instead. Returns its exit code."""
    env_file.load(ROOT / ".env")
    # A shell starts background jobs with SIGINT ignored. SIGHUP comes when the terminal's window closes.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        configure()
        if command is None and not os.environ["BIND"].startswith("unix:"):
            refuse_taken_port(os.environ["BIND"], int(os.environ["PORT"]))
        stack.enter_context(database())
        return manage(*command) if command else serve()
    return 0


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def configure() -> None:
    """Sets the variables that the task definition sets in production, unless the environment has them."""
    local = {
        # Only this machine may connect: the service requires no token, and a laptop joins many networks.
        "BIND": "127.0.0.1",
        "PORT": "8000",
        "HTTPS_ONLY": "false",
        "STATIC_ROOT": str(LOCAL / "static"),
        "LOG_FORMAT": "text" if sys.stdout.isatty() else "json",
        "SECRET_KEY": secret_key(),
    }
    for name, value in local.items():
        os.environ[name] = os.environ.get(name) or value


def secret_key() -> str:
    """This machine's own key. It is kept in a file, so that sessions outlive a restart."""
    path = LOCAL / "secret_key"
    if not path.exists():
        LOCAL.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


@contextlib.contextmanager
def database() -> Iterator[None]:
    """The given DATABASE_URL, or that of the embedded server. As in production, migrations use another role."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    say("Starting PostgreSQL …" if (DATA / "PG_VERSION").exists() else "Making a PostgreSQL in .local/ …")
    with postgres.running(DATA, "itemsvc") as server:
        postgres.ensure_role(server, SERVICE_ROLE)
        os.environ["MIGRATE_DATABASE_URL"] = postgres.url(server, "itemsvc")
        os.environ["DATABASE_URL"] = postgres.url(server, "itemsvc", SERVICE_ROLE)
        yield


def refuse_taken_port(address: str, port: int) -> None:
    """Ends the process with one sentence if the port is taken."""
    address = address.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            sys.exit(f"Port {port} cannot be used: {error.strerror}. Try another: make run PORT={port + 1}")


def manage(*words: str) -> int:
    """Runs `manage.py` with these words and returns its exit code."""
    return subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, check=False).returncode


def serve() -> int:
    """Migrates, collects static files and serves until interrupted. Returns the exit code."""
    reloads = Env().bool("RELOAD", default=False)
    for words in (("migrate", "--noinput", "--verbosity=0"), ("collectstatic", "--noinput", "--verbosity=0")):
        if code := manage(*words):
            return code
    while True:
        loaded = reload.snapshot(ROOT)
        # In its own session the service gets no Ctrl-C from the terminal. This process stops it gracefully.
        server = subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=ROOT, start_new_session=True)
        try:
            if answers(server, int(os.environ["PORT"])):
                announce(f"http://localhost:{os.environ['PORT']}")
            if not reloads:
                return server.wait()
            reload.wait_for_change(ROOT, loaded)
            say("The code has changed. Starting again …")
            finish(server)
        except KeyboardInterrupt:
            say("Stopping …")
            return finish(server)


def answers(server: subprocess.Popen[bytes], port: int) -> bool:
    """Waits until the service listens on ``port``. Returns False if it ended instead."""
    while server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.1)
    return False


def announce(base: str) -> None:
    """Prints the addresses."""
    say(f"\n  API      {base}/        (JSON, or the browsable API in a browser)")
    say(f"  Docs     {base}/docs    Schema {base}/schema")
    say(f"  Admin    {base}/admin/  (with ADMIN_ENABLED=true; an account: make manage ARGS=createsuperuser)")
    say(f"  Health   {base}/health  {base}/health/ready")
    say("  Ctrl-C stops the service. The data stays.\n")


def finish(server: subprocess.Popen[bytes]) -> int:
    """Stops the service gracefully, or at once at a second Ctrl-C. Returns its exit code."""
    server.terminate()
    try:
        return server.wait()
    except KeyboardInterrupt:
        os.killpg(server.pid, signal.SIGKILL)
        return server.wait()


def say(line: str) -> None:
    """Prints a line on standard error, because standard output is the service's log."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or None))
