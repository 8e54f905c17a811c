"""Texts that need not be put to each validator: refused or taken as if they had been."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.validators import MaxLengthValidator
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework import serializers

from itemsvc.resources import fields
from itemsvc.resources.serializers import StringField
from tests.sample.models import Gadget
from tests.support import openapi
from tests.support.client import Client
from tests.support.ways import ask, every_way


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
    if fields.BLANK.fullmatch(text) and not field.allow_blank and not field.read_only:
        assert [error.code for error in outcome(StringField.run_validation, field, text)] == ["blank"]
        return
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


#: What looks like nothing, and what does not, or not all of it.
EMPTY = [
    "\ufeff",
    "\u200b",
    "\u3164",
    "\u2800",
    "\xad",
    "\u2060\u200d",
    "\u115f",
    "\ufe0f",
    " \u200b ",
    "\x01",
    "\x7f",
    "\u202e\n",
]
SEEN = ["a\ufeff", "\ufeffa", "\u200bé", "\u0301", "\x01a", "-", "\U0001f600\ufe0f", "\ufffd"]


@pytest.mark.parametrize(("text", "taken"), [*((each, False) for each in EMPTY), *((each, True) for each in SEEN)])
def test_what_looks_empty_is_blank_in_every_language(
    api: Client, schema: openapi.Schema, text: str, taken: bool
) -> None:
    response = api.post("/gadgets", {"name": text})
    assert response.status_code == (201 if taken else 400)
    if not taken:
        assert response.json() == {"name": ["This field may not be blank."]}
    pattern = schema.document["components"]["schemas"]["GadgetRequest"]["properties"]["name"]["pattern"]
    assert bool(re.search(pattern, text)) is taken
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s ~ %s", [text, pattern])
        assert cursor.fetchone() == (taken,)


def blank_characters() -> list[int]:
    """Their numbers, without those of 32 bits."""
    return [n for n in range(1, 65536) if not 0xD800 <= n < 0xE000 and fields.BLANK.fullmatch(chr(n))]


def test_a_character_is_blank_in_postgresql_as_in_python(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n FROM generate_series(1, 65535) n WHERE n NOT BETWEEN 55296 AND 57343 AND NOT chr(n) ~ %s",
            [fields.NOT_BLANK],
        )
        found = {number for (number,) in cursor.fetchall()}
    assert found == set(blank_characters())
    assert found >= {n for n in range(1, 65536) if chr(n).isspace()}


@pytest.mark.skipif(shutil.which("node") is None, reason="Only Node.js can tell what ECMAScript matches.")
def test_a_character_is_blank_in_ecmascript_as_in_python() -> None:
    script = (
        "const [plain, unicode] = ['', 'u'].map((flags) => new RegExp(process.argv[1], flags));"
        "const all = [...Array(65536).keys()].slice(1).filter((n) => n < 0xd800 || n > 0xdfff);"
        "const found = (rule) => all.filter((n) => !rule.test(String.fromCharCode(n)));"
        "console.log(JSON.stringify([found(plain), found(unicode)]));"
    )
    shown = subprocess.run(["node", "-e", script, fields.NOT_BLANK], capture_output=True, check=True).stdout
    expected = blank_characters()
    assert json.loads(shown) == [expected, expected]


@pytest.mark.parametrize("name", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("query", ["caf\u00e9", "cafe\u0301"])
def test_one_text_has_one_spelling(transactional_db: None, static_files: None, name: str, query: str) -> None:
    for way in every_way().values():
        Gadget.objects.all().delete()
        status, _, content, _ = ask(way, "POST", "/gadgets", json.dumps({"name": f" {name}"}).encode())
        assert (status, json.loads(content)["name"]) == (201, "caf\u00e9")
        for parameter in ("name", "search"):
            _, _, listed, _ = ask(way, "GET", "/gadgets", QUERY_STRING=urlencode({parameter: query}))
            assert [gadget["name"] for gadget in json.loads(listed)] == ["caf\u00e9"]
