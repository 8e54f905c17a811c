"""Reads CloudWatch log streams, during a task and after its end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import Client, error_code


def stream_name(prefix: str, container: str, task_arn: str) -> str:
    """The name that the awslogs driver gives a container's stream."""
    return f"{prefix}/{container}/{task_arn.rpartition('/')[2]}"


class Tail:
    """Follows one stream from its beginning."""

    def __init__(self, logs: Client, group: str, stream: str):
        self._logs = logs
        self._group = group
        self._stream = stream
        self._token: str | None = None
        self.seen = False

    def poll(self) -> list[str]:
        """The new lines since the last call. There are none before the stream exists."""
        fresh: list[str] = []
        while True:
            page = self._page()
            fresh += [str(event["message"]) for event in page.get("events", [])]
            token = page.get("nextForwardToken")
            if token is None or token == self._token:
                break
            self._token = token
            if not page["events"]:
                break
        self.seen = self.seen or bool(fresh)
        return fresh

    def drain(self, grace: float, pause: float) -> Iterator[str]:
        """The last lines of a stopped task. CloudWatch shows a line some seconds after the task wrote it."""
        deadline = time.monotonic() + grace
        while True:
            fresh = self.poll()
            yield from fresh
            if fresh:
                deadline = time.monotonic() + grace
            if time.monotonic() >= deadline:
                return
            time.sleep(min(pause, grace))

    def _page(self) -> dict[str, Any]:
        token = {"nextToken": self._token} if self._token else {}
        try:
            page: dict[str, Any] = self._logs.get_log_events(
                logGroupName=self._group, logStreamName=self._stream, startFromHead=True, **token
            )
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return {"events": []}
            raise
        return page


def last_lines(logs: Client, group: str, stream: str, count: int = 20) -> list[str]:
    """The stream's last `count` lines. There are none without a stream."""
    try:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=False, limit=count)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return []
        raise
    return [str(event["message"]) for event in page["events"]]


def events_since(
    logs: Client, group: str, prefix: str, start: float, seen: set[str]
) -> Iterator[tuple[float, str, str]]:
    """Yields (time in seconds, stream, message) since `start` for the streams under `prefix`.

    Skips the events in `seen`, and adds the new ones to it.
    """
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNamePrefix=prefix, startTime=int(start * 1000)
    )
    for page in pages:
        for event in page["events"]:
            # Some emulators do not filter by the prefix.
            if event["eventId"] not in seen and event["logStreamName"].startswith(prefix):
                seen.add(event["eventId"])
                yield event["timestamp"] / 1000, event["logStreamName"], event["message"]
