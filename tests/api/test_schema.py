"""`GET /schema` and `GET /docs`; every other test holds its responses against the schema."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django import urls
from drf_spectacular.generators import SchemaGenerator
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination, PageNumberPagination

from itemsvc.resources.pagination import KeysetPagination
from itemsvc.resources.schema_examples import example_of
from itemsvc.resources.schema_views import SchemaView
from itemsvc.resources.serializers import ResourceSerializer
from tests.sample.models import Gadget, Reading
from tests.sample.serializers import GadgetSerializer
from tests.sample.views import GadgetList
from tests.support.client import Client
from tests.support.openapi import Schema
from tests.support.service import Service


def test_it_is_openapi_3_1_in_json(api: Client) -> None:
    response = api.get("/schema")
    assert response["Content-Type"].startswith("application/json")
    assert response.json()["openapi"].startswith("3.1.")


def test_another_pagination_is_described_as_it_is() -> None:
    pages = type("Two", (PageNumberPagination,), {"page_size": 2})
    patterns = [urls.path("numbered", GadgetList.as_view(pagination_class=pages))]
    listed = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)["paths"]["/numbered"]["get"]
    assert "array" not in listed["description"]
    lines = listed["responses"]["200"]["content"]["application/x-ndjson"]
    assert "schema Gadget on" in lines["schema"]["description"]


def test_each_pagination_of_one_serializer_is_described() -> None:
    kinds = (None, KeysetPagination, PageNumberPagination, type("Enveloped", (CursorPagination,), {}))
    views = [
        type("View", (ListAPIView,), {"queryset": Gadget.objects.all(), "pagination_class": each}) for each in kinds
    ]
    patterns = [
        urls.path(f"{number}", view.as_view(serializer_class=GadgetSerializer)) for number, view in enumerate(views)
    ]
    document = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)
    pages = {
        name: schema for name, schema in document["components"]["schemas"].items() if "List" in name or "Page" in name
    }
    assert {name: [*schema.get("properties", ())] for name, schema in pages.items()} == {
        "PaginatedGadgetList": [],
        "GadgetPageNumberPage": ["count", "next", "previous", "results"],
        "GadgetEnvelopedPage": ["next", "previous", "results"],
    }


def test_each_model_that_depth_shows_is_described() -> None:
    meta = type("Meta", (), {"model": Reading, "fields": ("id", "line"), "depth": 2})
    view = type("View", (ListAPIView,), {"queryset": Reading.objects.all()})
    deep = type("DeepSerializer", (ResourceSerializer,), {"Meta": meta})
    patterns = [urls.path("deep", view.as_view(serializer_class=deep))]
    schemas = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)["components"]["schemas"]
    described = {name: str(schemas[name]["properties"]) for name in ("Deep", "NestedLine1", "NestedOrder")}
    assert "NestedLine1" in described["Deep"]
    assert "'null'" in described["Deep"]
    assert "NestedOrder" in described["NestedLine1"]
    assert "placed_on" in described["NestedOrder"]


@pytest.mark.parametrize(("form", "example"), [("ipv4", "192.0.2.1"), ("ipv6", "2001:db8::1"), ("byte", "Zm9v")])
def test_an_example_has_the_form_of_its_member(form: str, example: str) -> None:
    assert example_of("address", {"type": "string", "format": form}) == example


@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.oai.openapi+json"])
def test_it_comes_as_asked_for(api: Client, media_type: str) -> None:
    assert api.get("/schema", headers={"accept": media_type})["Content-Type"].startswith(media_type)


def test_a_process_makes_it_once(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = ("application/json", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi")
    before = [api.get("/schema", headers={"accept": form}) for form in forms]
    monkeypatch.delattr(SchemaGenerator, "get_schema")
    for query in ("", "?version=2&lang=de&x=1"):
        after = [api.get(f"/schema{query}", headers={"accept": form}) for form in forms]
        assert [each.content for each in after] == [each.content for each in before]
        assert [each["Content-Type"] for each in after] == [each["Content-Type"] for each in before]
    for form, text in zip((*forms, "*/*", "APPLICATION/JSON"), (*before, before[0], before[0]), strict=True):
        assert api.get("/schema", headers={"accept": f"{form}; x=1"}).content == text.content


@pytest.mark.parametrize("indent", [0, 2, 4])
def test_its_indent_can_be_chosen(api: Client, indent: int) -> None:
    text = api.get("/schema", headers={"accept": f"application/json; indent={indent}"}).content.decode()
    assert ("\n" + indent * " " + '"info"' in text) is (indent > 0)


@pytest.mark.parametrize("path", ["/schema", "/docs", "/health", "/health/ready", "/gadgets", "/nowhere", "/gadgets/1"])
def test_asking_changes_no_later_answer(api: Client, path: str) -> None:
    def answer() -> tuple[int, str, list[str]]:
        response = api.get(path)
        text = re.sub(r'"milliseconds":[0-9.]+', "", response.content.decode())
        return response.status_code, text, sorted(set(response.headers) - {"X-Request-ID"})

    api.get(path)  # The first one fills caches.
    assert [answer() for _ in range(3)] == [answer()] * 3


def test_asking_changes_nothing_that_outlives_a_request(api: Client) -> None:
    paths = ["/schema", "/docs", "/health", "/health/ready", "/gadgets", "/gadgets?limit=x", "/nowhere", "/gadgets/1"]

    def ask() -> None:
        for path in paths:
            for accept in ("application/json", "text/html", "application/x-ndjson", "*/*"):
                api.get(path, headers={"accept": accept})
                api.post(path, {"name": 1})

    ask()  # The first ones fill caches.
    before = {name: repr(value) for name, value in kept_by_modules()}
    ask()
    assert {name: repr(value) for name, value in kept_by_modules()} == before


def kept_by_modules() -> Iterator[tuple[str, Any]]:
    """The dictionaries, lists and sets of the service's modules and of their classes."""
    for name, module in sorted(sys.modules.items()):
        if not name.startswith(("itemsvc.", "tests.sample.")):
            continue
        holders = [module, *(each for each in vars(module).values() if isinstance(each, type))]
        for holder in holders:
            for attribute, value in vars(holder).items():
                if isinstance(value, dict | list | set) and not attribute.startswith("__"):
                    yield f"{name}.{getattr(holder, '__name__', '')}.{attribute}", value


def test_it_lists_every_endpoint_and_method(api: Client) -> None:
    paths = api.get("/schema").json()["paths"]
    assert {
        path: sorted(operations) for path, operations in paths.items() if re.match("/($|health|gadgets)", path)
    } == {
        "/health": ["get"],
        "/": ["get"],
        "/health/ready": ["get"],
        "/gadgets": ["get", "post"],
        "/gadgets/{id}": ["delete", "get", "patch", "put"],
    }


def test_it_lists_every_parameter_of_the_list(api: Client) -> None:
    operation = api.get("/schema").json()["paths"]["/gadgets"]["get"]
    queries = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
    assert queries == {"limit", "cursor", "ordering", "name", "search", "created_after", "created_before"}


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/gadgets", "get", "200 304 400 406 412 500 503"),
        ("/gadgets", "post", "201 400 406 409 413 415 422 500 503"),
        ("/gadgets/{id}", "get", "200 304 400 404 406 412 500 503"),
        ("/gadgets/{id}", "put", "200 400 404 406 409 412 413 415 500 503"),
        ("/gadgets/{id}", "delete", "204 400 404 406 409 412 500 503"),
    ],
)
def test_it_lists_every_status(api: Client, path: str, method: str, statuses: str) -> None:
    assert sorted(api.get("/schema").json()["paths"][path][method]["responses"]) == statuses.split()


def test_the_examples_can_be_sent(schema: Schema, service: Service) -> None:
    schemas = schema.document["components"]["schemas"]
    for path in ("/gadgets", "/sample/customers", "/sample/vouchers", "/sample/comments", "/sample/orders"):
        one = schema.document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        name = schemas[one["$ref"].rpartition("/")[2]]["oneOf"][0]["$ref"].rpartition("/")[2]
        members = schemas[name]["properties"]
        body = {member: of["examples"][0] for member, of in members.items() if "$ref" not in of}
        assert body.keys() >= set(schemas[name]["required"]), path
        answer = service.post(path, json=body)
        # An example of a foreign key cannot exist.
        assert (answer.status_code, [*answer.json()]) == (400, ["customer"]) or answer.status_code == 201, answer.text


def test_it_lists_a_403_where_a_view_has_a_permission_of_its_own(schema: Schema) -> None:
    listing = {path for path, operations in schema.document["paths"].items() if "403" in str(operations)}
    assert {path for path in listing if path.startswith(("/sample", "/gadgets"))} == {"/sample/comments/{id}"}


def ours(schema: Schema) -> Iterator[dict[str, Any]]:
    """The operations without those of a team's own views."""
    for path, operations in schema.document["paths"].items():
        if re.match("/($|gadgets|sample|health)", path):
            yield from operations.values()


def test_each_operation_and_parameter_says_what_it_is(schema: Schema) -> None:
    document = schema.document
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert all(operation["summary"] for operation in ours(schema))
    assert {tag for operation in operations for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}
    assert all(each["description"] for operation in operations for each in operation.get("parameters", ()))
    answers = [each for operation in ours(schema) for each in operation["responses"].values()]
    assert all(answer.get("description") or "$ref" in answer for answer in answers)
    assert {"license", "contact"} <= document["info"].keys()
    assert document["servers"]
    listed = document["paths"]["/gadgets"]["get"]["parameters"]
    assert {"The exact name.", "Part of the name, in upper or lower case."} <= {each["description"] for each in listed}


@pytest.mark.urls("tests.api.router_urls")
def test_a_viewset_has_a_summary_without_a_word_of_its_own(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SchemaView, "_made", {})
    assert api.get("/schema").json()["paths"]["/v1/lines/largest"]["get"]["summary"] == "V1 lines largest retrieve"


def test_only_what_a_client_sends_may_have_no_further_members(schema: Schema) -> None:
    schemas = schema.document["components"]["schemas"]
    closed = {name for name, each in schemas.items() if each.get("additionalProperties") is False}
    assert "GadgetRequest" in closed
    assert {name for name in closed if not name.endswith("Request")} == set()
    assert "additionalProperties': False" not in str(schema.document["paths"])


def test_a_status_of_a_resource_has_its_own_name(schema: Schema) -> None:
    schemas = schema.document["components"]["schemas"]
    assert schemas["Ready"]["properties"]["status"] == {"type": "string", "const": "ready"}
    assert [name for name in schemas if "Ready" in name and "Enum" in name] == []


def test_each_operation_says_that_anybody_may_call_it(schema: Schema) -> None:
    assert [operation["operationId"] for operation in ours(schema) if operation.get("security") != []] == []


def test_each_shape_has_a_name_for_generated_clients(schema: Schema) -> None:
    for operation in ours(schema):
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                shape = content["schema"]
                assert "$ref" in shape or shape["type"] == "string", (operation["operationId"], status)


def test_no_shape_has_a_member_of_its_own_name(schema: Schema) -> None:
    """In a generated client both are one variable."""
    for name in ("Healthy", "NotReady", "Ready", "ReadinessCheck"):
        assert name.lower() not in schema.document["components"]["schemas"][name]["properties"]


def test_each_ordering_has_a_name_for_generated_clients(schema: Schema) -> None:
    listed = schema.document["paths"]["/sample/orders"]["get"]["parameters"]
    ordering = next(each["schema"] for each in listed if each["name"] == "ordering")
    names = dict(zip(ordering["enum"], ordering["x-enum-varnames"], strict=True))
    assert (names["-placed_on"], names["placed_on"]) == ("PLACED_ON_DESCENDING", "PLACED_ON_ASCENDING")


def test_an_array_says_what_is_in_it(schema: Schema) -> None:
    def arrays(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict) and "array" in node.get("type", ()):
            yield node
        for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from arrays(each)

    assert [array for array in arrays(schema.document) if "items" not in array] == []


def test_a_stream_is_text(schema: Schema) -> None:
    content = schema.document["paths"]["/gadgets"]["get"]["responses"]["200"]["content"]
    assert content["application/x-ndjson"]["schema"]["type"] == "string"
    assert "Gadget" in content["application/x-ndjson"]["schema"]["description"]


def test_no_component_is_unused(schema: Schema) -> None:
    text = json.dumps(schema.document)
    names = [(kind, name) for kind, each in schema.document["components"].items() for name in each]
    assert [name for kind, name in names if f'"#/components/{kind}/{name}"' not in text] == []


def test_it_is_valid(api: Client) -> None:
    from drf_spectacular.validation import validate_schema

    validate_schema(api.get("/schema").json())


@pytest.mark.parametrize(
    ("status", "headers", "body", "complaint"),
    [
        (418, {}, {}, "does not list"),
        (201, {"Location": "/gadgets/1"}, {"id": "1"}, "not valid under any"),
        (503, {}, {"detail": "a"}, "Retry-After"),
        (201, {"Location": "/", "Link": "x"}, {}, "Link"),
        (400, {"Content-Type": "text/plain"}, {}, "text/plain"),
        (400, {}, {"name": "not a list"}, "not valid"),
    ],
)
def test_the_tests_judge_is_strict(
    schema: Schema, status: int, headers: dict[str, str], body: object, complaint: str
) -> None:
    everything = {"Content-Type": "application/json", "X-Request-ID": "1", **headers}
    with pytest.raises(Exception, match=complaint):
        schema.judge("POST", "/gadgets", status, everything, json.dumps(body).encode())


def test_docs_load_nothing_from_elsewhere(api: Client) -> None:
    response = api.get("/docs", headers={"accept": "text/html"})
    assert response.status_code == 200
    assert b"/static/drf_spectacular_sidecar/" in response.content
    assert b"https://" not in response.content
