"""Texts that need not be put to each validator: refused or taken as if they had been."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.validators import MaxLengthValidator
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework import serializers

from itemsvc.resources.serializers import StringField
from tests.support import openapi
from tests.support.client import Client


def refuse_elm(value: str) -> None:
    if "elm" in value:
        raise serializers.ValidationError("No elms.")


class Doubled(StringField):
    """A field of its own."""

    def to_internal_value(self, data: Any) -> str:
        """Twice the text."""
        return 2 * super().to_internal_value(data)


FIELDS = {
    "limited": lambda: StringField(max_length=5),
    "blank": lambda: StringField(max_length=5, allow_blank=True),
    "unlimited": StringField,
    "shortest": lambda: StringField(max_length=5, min_length=3),
    "untrimmed": lambda: StringField(max_length=5, trim_whitespace=False),
    "two limits": lambda: StringField(max_length=5, validators=[MaxLengthValidator(3)]),
    "a limit that changes": lambda: StringField(max_length=5, validators=[MaxLengthValidator(lambda: 3)]),
    "a rule": lambda: StringField(max_length=5, validators=[refuse_elm]),
    "read only": lambda: StringField(max_length=5, read_only=True),
    "its own": lambda: Doubled(max_length=5),
}


def outcome(validate: Any, field: StringField, text: str) -> Any:
    try:
        return validate(field, text)
    except serializers.ValidationError as error:
        return error.detail
    except serializers.SkipField:
        return "skipped"


@pytest.mark.parametrize("name", FIELDS)
@given(text=st.text("a\n \x00\x1f\x85\xa0é\ud800😀", max_size=7) | st.sampled_from(["elm", " elm ", "oaken"]))
@example(" oaks ")
@example("")
def test_the_same_as_every_validator_says(name: str, text: str) -> None:
    field = FIELDS[name]()
    assert outcome(StringField.run_validation, field, text) == outcome(
        serializers.CharField.run_validation, field, text
    )


@pytest.mark.parametrize("body", [{"name": "a\ud800"}, {"name": "é", "description": "\udfff"}, {"name": "a\0é"}])
def test_what_the_database_cannot_keep_is_refused(api: Client, body: dict[str, str]) -> None:
    assert api.post("/gadgets", body).status_code == 400


@pytest.mark.parametrize(("text", "taken"), [("a", True), (" é ", True), (" \n", False), ("", False), ("a\0", False)])
def test_the_schema_shows_what_is_no_name(schema: openapi.Schema, text: str, taken: bool) -> None:
    name = schema.document["components"]["schemas"]["GadgetRequest"]["properties"]["name"]
    assert bool(re.search(name["pattern"], text)) is taken


def test_one_that_is_plainly_right_asks_no_validator(monkeypatch: pytest.MonkeyPatch) -> None:
    field = StringField(max_length=5)
    monkeypatch.setattr(field, "run_validators", lambda value: pytest.fail("It was asked."))
    assert field.run_validation(" oak ") == "oak"
