"""Cognito: the issuer of a user pool's tokens has its own host name, with TLS.

MiniStack signs tokens as https://cognito-idp.<region>.amazonaws.com/<pool>, but serves the keys over plain HTTP on its
own port. Here the network gives it that name, and it listens there with a certificate of the databases' authority.
Tasks with an issuer trust that authority, as they trust the public ones on AWS.
"""

import json
import os
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ministack.core.responses import get_region
from ministack.services import cognito, ecs, rds

PORT = 443
BUNDLE = os.environ["REHEARSAL_CA_BUNDLE"]

_build_run_kwargs = ecs._build_run_kwargs


class Discovery(BaseHTTPRequestHandler):
    """A pool's discovery document and its keys; 404 for anything else."""

    def do_GET(self):
        pool, _, document = self.path.lstrip("/").partition("/.well-known/")
        answers = {"openid-configuration": _configuration, "jwks.json": cognito.well_known_jwks}
        status, _, body = answers[document](pool) if document in answers else (404, {}, b"{}")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The gateway writes the access log."""


def _configuration(pool):
    status, headers, body = cognito.well_known_openid_configuration(pool)
    document = json.loads(body)
    return status, headers, json.dumps({**document, "jwks_uri": f"{document['issuer']}/.well-known/jwks.json"}).encode()


def start():
    """Starts to listen."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write("".join(rds._pg_server_material([f"cognito-idp.{get_region()}.amazonaws.com"], [])))
        file.flush()
        context.load_cert_chain(file.name)
    server = ThreadingHTTPServer(("", PORT), Discovery)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True, name="rehearsal-issuer").start()


def _with_authority(container, task_definition, environment, *arguments):
    if "OIDC_ISSUER" in environment:
        environment = {**environment, "SSL_CERT_FILE": BUNDLE}
    return _build_run_kwargs(container, task_definition, environment, *arguments)


ecs._build_run_kwargs = _with_authority
