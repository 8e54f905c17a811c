"""CloudWatch's embedded metric format: reads a log line by the rules of its specification."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

UNITS = (
    "Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits "
    "Terabits Percent Count None"
).split()

NAME = {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"\S"}
DIRECTIVE = {
    "type": "object",
    "properties": {
        "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"^[0-9A-Za-z._\-/#: ]+$"},
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "maxItems": 30, "uniqueItems": True, "items": {**NAME, "maxLength": 250}},
        },
        "Metrics": {
            "type": "array",
            "maxItems": 100,
            "items": {
                "type": "object",
                "properties": {"Name": NAME, "Unit": {"enum": UNITS}, "StorageResolution": {"enum": [1, 60]}},
                "required": ["Name"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
}
ENVELOPE = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "_aws": {
                "type": "object",
                "properties": {
                    "Timestamp": {"type": "integer", "minimum": 1_500_000_000_000},
                    "CloudWatchMetrics": {"type": "array", "items": DIRECTIVE},
                },
                "required": ["Timestamp", "CloudWatchMetrics"],
            }
        },
        "required": ["_aws"],
    }
)
NUMBERS = {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "number"}}
TARGET = Draft202012Validator(
    {
        "anyOf": [
            {"type": "number"},
            NUMBERS,
            {
                "type": "object",
                "properties": {"Values": NUMBERS, "Counts": {**NUMBERS, "items": {"type": "number", "minimum": 1}}},
                "required": ["Values", "Counts"],
            },
        ]
    }
)
DIMENSION = Draft202012Validator(NAME)
MAX_BYTES = 256 * 1024


def metrics(line: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], Any]:
    """The values that CloudWatch would read from a line, by metric name and dimensions.

    Raises for a line that breaks the specification, because CloudWatch would ignore it.
    """
    assert len(line.encode()) <= MAX_BYTES
    document = json.loads(line)
    ENVELOPE.validate(document)
    found = {}
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            for name in names:
                DIMENSION.validate(document[name])
            dimensions = tuple((name, document[name]) for name in names)
            for metric in directive["Metrics"]:
                TARGET.validate(document[metric["Name"]])
                found[metric["Name"], dimensions] = document[metric["Name"]]
    return found
