"""The service with a leak, for the soak to find: LEAKED_BYTES of each request are kept for ever."""

import os

from itemsvc.wsgi import application as service

LEAKED = int(os.environ["LEAKED_BYTES"])
kept = []


def application(environ, start_response):
    """Serves, and remembers."""
    kept.append(os.urandom(LEAKED))
    return service(environ, start_response)
