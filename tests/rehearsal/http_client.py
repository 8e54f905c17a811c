"""HTTP through the emulated load balancer."""

import http.client
import json
from dataclasses import dataclass

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict  # lower-case names
    body: bytes

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.body[:300].decode(errors='replace')}"


class Client:
    """Sends requests to the gateway's port with the load balancer's host name.

    It opens a connection for each request. Inside `with client:` it keeps one connection.
    """

    def __init__(self, port, host, authorization=None):
        self.port, self.host, self._kept = port, host, None
        self._own = {"Host": host, "Accept": "application/json"}
        if authorization:
            self._own["Authorization"] = authorization

    def __enter__(self):
        self._kept = self._connect()
        return self

    def __exit__(self, *_):
        self._kept.close()
        self._kept = None

    def request(self, method, path, body=None, headers=None):
        """Returns the response. Raises OSError or http.client.HTTPException without one.

        Sends a `body` that is not bytes as JSON.
        """
        connection = self._kept or self._connect()
        sent = {**self._own, **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        except BaseException:
            connection.close()
            raise
        finally:
            if connection is not self._kept:
                connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def _connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
