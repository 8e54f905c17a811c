"""CloudWatch log streams: followed while a task runs, read once it is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import Client, error_code


def stream_name(prefix: str, container: str, task_arn: str) -> str:
    """The stream that the awslogs driver gives a container."""
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
        """Lines that came since the last call; none while the stream does not exist."""
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
        """What a stopped task still had to say: CloudWatch shows lines seconds after they were written."""
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
    """The stream's last `count` lines; none when there is no stream."""
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
    """(time in seconds, stream, message) of every stream below `prefix` from `start` on, once each per `seen`."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNamePrefix=prefix, startTime=int(start * 1000)
    )
    for page in pages:
        for event in page["events"]:
            # The prefix again: not every emulator filters by it.
            if event["eventId"] not in seen and event["logStreamName"].startswith(prefix):
                seen.add(event["eventId"])
                yield event["timestamp"] / 1000, event["logStreamName"], event["message"]
