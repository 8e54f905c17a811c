"""Constant load from several clients that read, write and count their responses."""

import http.client
import threading
import time
from collections import Counter

CLIENTS = 4
PAUSE_SECONDS = 0.03
# After this number of turns the first client also asks for the serving revision.
TURNS_PER_SAMPLE = 20
# The load stops after this time even if the act hangs.
LONGEST_SECONDS = 300


class Traffic:
    """Load on a load balancer during the `with` block.

    Each client writes a gadget, reads it back and lists the newest ones. It uses a kept connection and new connections
    in turn. A request fails when it gets no response, a status other than 2xx, or another gadget than it wrote.
    `revisions` counts the responses of a sample by image tag.
    """

    def __init__(self, client_factory):
        self._clients = [client_factory() for _ in range(CLIENTS)]
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._deadline = time.monotonic() + LONGEST_SECONDS
        self._threads = []
        self.answers = Counter()
        self.failures = []
        self.slowest = 0.0
        self.written = {}
        self.revisions = Counter()

    def __enter__(self):
        self._threads = [
            threading.Thread(target=self._run, args=(number, client), daemon=True)
            for number, client in enumerate(self._clients)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def requests(self):
        """The number of sent requests."""
        with self._lock:
            return sum(self.answers.values())

    def _run(self, number, client):
        turn = 0
        while not self._stop.is_set() and time.monotonic() < self._deadline:
            turn += 1
            if number == 0 and turn % TURNS_PER_SAMPLE == 0:
                self._sample(client)
            if turn % 2:
                self._turn(client, f"client {number} turn {turn}")
                continue
            with client:
                self._turn(client, f"client {number} turn {turn}")

    def _turn(self, client, name):
        created = self._send(client, "POST", "/gadgets", {"name": name, "description": "written under load"})
        if created:
            gadget = created.json()
            self.written[gadget["id"]] = gadget
            read = self._send(client, "GET", f"/gadgets/{gadget['id']}")
            if read and read.json() != gadget:
                self._fail(f"GET /gadgets/{gadget['id']} answered another gadget: {read}")
        self._send(client, "GET", "/gadgets?limit=10")

    def _sample(self, client):
        schema = self._send(client, "GET", "/schema")
        if schema:
            self.revisions[schema.json()["info"]["version"]] += 1

    def _send(self, client, method, path, body=None):
        """Sends a request. Returns the response if it is good, otherwise None."""
        started = time.monotonic()
        try:
            answer = client.request(method, path, body)
            outcome = str(answer.status)
        except (OSError, http.client.HTTPException) as problem:
            answer, outcome = None, type(problem).__name__
        with self._lock:
            self.answers[outcome] += 1
            self.slowest = max(self.slowest, time.monotonic() - started)
        self._stop.wait(PAUSE_SECONDS)
        if answer and 200 <= answer.status < 300:
            return answer
        self._fail(f"{time.strftime('%H:%M:%S')} {method} {path}: {answer or outcome}")
        return None

    def _fail(self, what):
        with self._lock:
            self.failures.append(what)
