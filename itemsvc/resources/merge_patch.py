"""JSON Merge Patch (RFC 7396): a PATCH whose JSON columns are merged and not replaced."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from itemsvc.http.parsers import MergePatchParser
from itemsvc.resources.fields import MAX_NESTING


def is_merge_patch(request: Any) -> bool:
    """Whether a request's body is a merge patch."""
    content_type = str(getattr(request, "content_type", None) or "")
    return content_type.partition(";")[0].strip().lower() == MergePatchParser.media_type


def complete(serializer: Any) -> Any:
    """The serializer's data, in which each JSON column has the whole value that it gets."""
    data = serializer.initial_data
    if not isinstance(data, dict):
        return data
    columns = {name for name, field in serializer.fields.items() if isinstance(field, serializers.JSONField)}
    current = {name: serializer.fields[name].get_attribute(serializer.instance) for name in columns & data.keys()}
    return data | {name: merge(value, data[name]) for name, value in current.items()}


def merge(target: Any, patch: Any, levels: int = MAX_NESTING) -> Any:
    """RFC 7396, section 2; what is nested more deeply than ``levels`` is left as it is, and then refused."""
    if not isinstance(patch, dict) or not levels:
        return patch
    members = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            members.pop(name, None)
        else:
            members[name] = merge(members.get(name), value, levels - 1)
    return members
