"""The service with a memory leak of LEAKED_BYTES per request, which the soak test must find."""

import os

from itemsvc.wsgi import application as service

LEAKED = int(os.environ["LEAKED_BYTES"])
kept = []


def application(environ, start_response):
    """Serves and leaks."""
    kept.append(os.urandom(LEAKED))
    return service(environ, start_response)
