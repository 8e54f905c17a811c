"""Rows straight to JSON: byte for byte what the serializer and its renderer make of the same values."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from itemsvc.resources.row_json import Rows
from tests.sample.models import Gadget
from tests.sample.serializers import GadgetSerializer

# What PostgreSQL keeps, the characters weighed that JSON or JavaScript escapes.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from('\u2028\u2029"\\/\x7f\b\n')
)
TIMES = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))
ROWS = st.lists(st.tuples(st.uuids(), TEXT, TEXT, TIMES), max_size=5)


@settings(max_examples=300)
@given(ROWS)
def test_the_same_bytes_as_the_serializer(values: list[tuple[uuid.UUID, str, str, datetime]]) -> None:
    rows = Rows.of(GadgetSerializer)
    assert rows
    gadgets = [Gadget(id=key, name=name, description=text, created_at=time) for key, name, text, time in values]
    raw = [(str(key), *rest, 1) for key, *rest in values]
    render = JSONRenderer().render
    assert rows.array(raw) == render(GadgetSerializer(gadgets, many=True).data)
    assert rows.lines(raw) == b"".join(render(GadgetSerializer(gadget).data) + b"\n" for gadget in gadgets)


class Method(GadgetSerializer):
    shout = serializers.SerializerMethodField()

    class Meta(GadgetSerializer.Meta):
        fields = ("id", "shout")

    def get_shout(self, gadget: Gadget) -> str:
        return gadget.name.upper()


class Represented(GadgetSerializer):
    def to_representation(self, instance: Gadget) -> dict[str, str]:
        return {"id": str(instance.id)}


class OwnField(GadgetSerializer):
    class Shouted(serializers.CharField):
        def to_representation(self, value: str) -> str:
            return value.upper()

    name = Shouted()


class OwnValue(GadgetSerializer):
    class First(serializers.CharField):
        def get_attribute(self, instance: Gadget) -> str:
            return instance.name[:1]

    name = First()


class NoModel(serializers.Serializer):
    name = serializers.CharField()


class OtherFormat(GadgetSerializer):
    created_at = serializers.DateTimeField(format="%Y")


class OtherType(GadgetSerializer):
    id = serializers.CharField()


class HexKey(GadgetSerializer):
    id = serializers.UUIDField(format="hex")


@pytest.mark.parametrize(
    "serializer", [Method, Represented, OwnField, OwnValue, NoModel, OtherFormat, OtherType, HexKey]
)
def test_a_field_that_is_more_than_its_column_is_left_to_the_serializer(serializer: type) -> None:
    assert Rows.of(serializer) is None


class Renamed(GadgetSerializer):
    title = serializers.CharField(source="name")
    secret = serializers.CharField(source="description", write_only=True)

    class Meta(GadgetSerializer.Meta):
        fields = ("title", "id", "secret")


def test_names_order_and_what_is_only_written_follow_the_serializer() -> None:
    rows = Rows.of(Renamed)
    assert rows
    assert (rows.names, rows.columns) == (("title", "id"), ("name", "id"))
