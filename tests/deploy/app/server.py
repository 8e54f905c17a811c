"""A small service that does what behaviour.json says."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEHAVIOUR = json.loads(Path("behaviour.json").read_text())["serve"]
ANSWERS = {
    "/health": (200, {"status": "healthy"}),
    "/health/ready": (200, {"status": "ready"}),
    "/schema": (200, {"openapi": "3.1.0"}),
    "/version": (200, {"version": os.environ.get("APP_VERSION")}),
}
if BEHAVIOUR == "unready":
    ANSWERS["/health/ready"] = (503, {"status": "unavailable", "failing": "database"})


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, answer = ANSWERS.get(self.path, (404, {"detail": "Not found."}))
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Keeps the health checks out of the log."""


if BEHAVIOUR == "crash":
    sys.exit("the setting FEATURE_X is missing")
# Process 1 of a container ignores SIGTERM without a handler.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("serving on 8000", flush=True)
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
