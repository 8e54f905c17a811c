"""Sets the environment of the tests and of their child processes, before Django reads its settings.

pytest loads it by `-p tests.support.environment`.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

# A background job of a shell ignores SIGINT, and its child processes inherit that. Tests interrupt services by SIGINT.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: The path is short, because that of a Unix socket may have only 107 characters.
WORKSPACE = Path(tempfile.mkdtemp(prefix="itemsvc-"))
WORKSPACE.chmod(0o755)
atexit.register(shutil.rmtree, WORKSPACE, ignore_errors=True)

CLEARED = (
    "ADMIN_ENABLED ALLOWED_HOSTS API_AUTH CORS_ALLOWED_ORIGINS DATABASE_URL DEBUG GZIP LOG_LEVEL MIGRATE_DATABASE_URL"
    " NEXT_DATABASE_URL NUM_PROXIES PORT SENTRY_DSN WEB_CONCURRENCY"
)
for name in CLEARED.split():
    os.environ.pop(name, None)

# The parallel workers share one; they inherit its place from the process that started them.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["TESTS_STATIC_ROOT"] = str(WORKSPACE / "static")

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "tests.sample.settings",
    "SECRET_KEY": "only-for-tests-" + "x7Kq2" * 10,
    # conftest.py starts this server on first use.
    "DATABASE_URL": f"postgres://postgres@/itemsvc?host={WORKSPACE / 'postgres'}",
    "HTTPS_ONLY": "false",
    "LOG_FORMAT": "json",
    "STATIC_ROOT": os.environ["TESTS_STATIC_ROOT"],
}
