"""The OpenAPI document: what all operations share, added to what drf-spectacular reads from the views."""

from __future__ import annotations

import copy
import re
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from itemsvc.auth.authentication import HasScope, needed_scope
from itemsvc.resources import field_schema  # noqa: F401  (registers its extensions)
from itemsvc.resources.bulk import MAX_ITEMS
from itemsvc.resources.schema_examples import add_examples

HEADERS: dict[str, dict[str, Any]] = {
    "RequestID": {
        "schema": {"type": "string", "maxLength": 128},
        "required": True,
        "description": "The caller's X-Request-ID if it was well formed, else the load balancer's trace id, else new.",
    },
    "RetryAfter": {
        "schema": {"type": "integer", "minimum": 0},
        "required": True,
        "description": "The number of seconds to wait before the next try.",
    },
}
CHALLENGE = {
    "WWWAuthenticate": {
        "schema": {"type": "string"},
        "required": True,
        "description": "What the token lacks (RFC 6750, section 3).",
    }
}

ERROR = {
    "type": "object",
    "description": "One sentence that says what is wrong.",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
PROBLEMS = {
    "type": "object",
    "description": "The errors by the name of the member or parameter. A nested object has its errors by name, "
    "an array by index.",
    "additionalProperties": {
        "anyOf": [{"type": "array", "items": {"type": "string"}}, {"$ref": "#/components/schemas/Problems"}]
    },
}
INVALID = {
    "description": "The errors by name, or one sentence about the whole request.",
    "anyOf": [{"$ref": "#/components/schemas/Problems"}, {"$ref": "#/components/schemas/Error"}],
}

HEALTHY = {"type": "object", "properties": {"status": {"type": "string", "const": "healthy"}}, "required": ["status"]}
#: Shapes that are no serializer's. Each has a name, because generated clients call their types by it.
SCHEMAS: dict[str, Any] = {
    "Error": ERROR,
    "Problems": PROBLEMS,
    "Invalid": INVALID,
    "Healthy": HEALTHY,
    "RootLinks": {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}},
}

#: Responses that operations share: component name, status, description, schema.
SHARED_ERRORS = (
    ("Invalid", "400", "The request is malformed or not valid.", "Invalid"),
    ("NotFound", "404", "There is no such object.", "Error"),
    ("NotAcceptable", "406", "None of the media types in Accept is available.", "Error"),
    (
        "Conflict",
        "409",
        "The request conflicts with another object, or a request with the same Idempotency-Key is still running.",
        "Invalid",
    ),
    ("PreconditionFailed", "412", "The object has changed since: If-Match names another version.", "Error"),
    ("ContentTooLarge", "413", "The body is too large.", "Error"),
    ("UnsupportedMediaType", "415", "The body is not application/json in UTF-8.", "Error"),
    ("AnotherRequest", "422", "Another request was sent with this Idempotency-Key.", "Error"),
    ("TooManyRequests", "429", "The caller has reached its rate limit.", "Error"),
    ("ServerError", "500", "The service has an error. Its log has the request id.", "Error"),
    ("Unavailable", "503", "The database or another part is unavailable. Try again.", "Error"),
)
#: With API_AUTH=oidc.
REFUSALS = (
    ("Unauthorized", "401", "There is no valid bearer token.", "Error"),
    ("Forbidden", "403", "The token lacks the scope.", "Error"),
)
NEEDS_BODY = ("413", "415")
NEEDS_PATH_PARAMETER = ("404",)
NEEDS_WRITE = ("409",)
NEEDS_HEADER = {
    "412": {"If-Match", "If-None-Match"},
    "422": {"Idempotency-Key"},
}
SAYS_WHEN = ("429", "503")
#: Of responses that the view does not describe.
DONE = {"200": "What was asked for, as it is now.", "201": "What was created, as it is now."}

NOT_MODIFIED = {
    "description": "The client has the current version: If-None-Match names its ETag.",
    "headers": {"ETag": {"schema": {"type": "string"}}, "Link": {"schema": {"type": "string"}}},
}

LIVENESS = {
    "get": {
        "operationId": "liveness",
        "summary": "Is the process alive?",
        "description": "Whether this process serves requests: its threads live and its queue moves. Any Host header.",
        "tags": ["health"],
        "responses": {
            "200": {
                "description": "The process serves requests.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Healthy"}}},
            },
            "503": {"$ref": "#/components/responses/Unavailable"},
        },
    }
}


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the token and the scope of each operation."""

    target_class = "itemsvc.auth.authentication.BearerToken"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The security scheme, for which Swagger UI asks for a token."""
        description = f"An access token of {settings.OIDC_ISSUER} with the scope of the operation."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[Any]]:
        """The scopes as role names, which OpenAPI 3.1 allows for all kinds of schemes."""
        view = auto_schema.view
        needs = getattr(view, "resource", "") and any(isinstance(each, HasScope) for each in view.get_permissions())
        return {self.name: [needed_scope(view, auto_schema.method)] if needs else []}


def describe_what_every_operation_shares(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """drf-spectacular's post-processing hook: adds liveness, the request id and the common errors."""
    components = result["components"]
    # Copies, because changes to this document, also by the functions below, must not reach the next one.
    components["schemas"] |= copy.deepcopy(SCHEMAS)
    closed = settings.API_AUTH == "oidc"
    components["headers"] = copy.deepcopy(HEADERS | (CHALLENGE if closed else {}))
    components["responses"] = {name: _response(*rest) for name, *rest in SHARED_ERRORS + (REFUSALS if closed else ())}
    _close_objects(components["schemas"])
    _bound_arrays(components["schemas"])
    add_examples(components["schemas"])
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _add_errors(path, method, operation)
            _require_alternatives(operation)
            _describe_lines(operation, components["schemas"])
            _describe_parameters(operation)
    result["paths"]["/health"] = copy.deepcopy(LIVENESS)
    for operations in result["paths"].values():
        for operation in operations.values():
            _complete(operation)
    _describe_service(result)
    used = str(result["paths"])
    for name in [name for name in components["responses"] if f"'#/components/responses/{name}'" not in used]:
        del components["responses"][name]
    return result


def _describe_service(result: dict[str, Any]) -> None:
    result["info"] |= {"license": {"name": "MIT", "identifier": "MIT"}, "contact": {"name": "The service's owners"}}
    result["servers"] = [{"url": "/", "description": "The host that this document comes from."}]
    named = {tag for operations in result["paths"].values() for each in operations.values() for tag in each["tags"]}
    result["tags"] = [{"name": name, "description": f"The operations of {name}."} for name in sorted(named)]


def _close_objects(schemas: dict[str, Any]) -> None:
    """Describes strict serializers: they refuse unknown members, and responses have all members.

    A response may get further members with the next version, so clients must allow them.
    """
    for name in [name for name in schemas if name.endswith("Request") and "properties" in schemas[name]]:
        schemas[name]["additionalProperties"] = False
        if answer := schemas.get(name.removesuffix("Request")):
            answer["required"] = list(answer["properties"])


def _bound_arrays(schemas: dict[str, Any]) -> None:
    """Adds the bounds of arrays, which drf-spectacular does not read from the serializer."""
    for schema in schemas.values():
        for alternative in schema.get("oneOf", []):
            if alternative.get("type") == "array":
                alternative |= {"minItems": 1, "maxItems": MAX_ITEMS}


def _require_alternatives(operation: dict[str, Any]) -> None:
    """Requires the body of a POST. For alternatives drf-spectacular does not know that it is required."""
    body = operation.get("requestBody", {})
    if any("OneOrMany" in content["schema"].get("$ref", "") for content in body.get("content", {}).values()):
        body["required"] = True


def _response(status: str, description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    headers: dict[str, Any] = {"X-Request-ID": {"$ref": "#/components/headers/RequestID"}}
    if status in SAYS_WHEN:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == "409":  # Only a conflict with a running request ends by itself.
        headers["Retry-After"] = HEADERS["RetryAfter"] | {"required": False}
    if status in ("401", "403"):
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWWAuthenticate"}
    return {"description": description, "content": content, "headers": headers}


def _describe_lines(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Describes a stream as text: OpenAPI 3.1 has no schema for the lines of a body."""
    for response in operation["responses"].values():
        if lines := response.get("content", {}).get("application/x-ndjson"):
            whole = response["content"].get("application/json", lines)["schema"]
            page = schemas[whole["$ref"].rpartition("/")[2]] if "$ref" in whole else whole
            # The first one: a page of another pagination has the array in an object.
            [name, *_] = [*re.findall(r"#/components/schemas/([\w.-]+)", str(page)), ""]
            lines["schema"] = {"type": "string", "description": f"One JSON object of the schema {name} on each line."}


def _describe_parameters(operation: dict[str, Any]) -> None:
    """Describes the parameters that have no help_text."""
    for parameter in operation.get("parameters", ()):
        words = parameter["name"].replace("_", " ")
        text = f"The {words} of the object." if parameter["in"] == "path" else f"Only the objects with this {words}."
        parameter.setdefault("description", text)


def _add_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    headers = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "header"}
    if "If-None-Match" in headers:
        operation["responses"]["304"] = copy.deepcopy(NOT_MODIFIED)
    refusals = REFUSALS if any(operation.get("security", ())) else ()
    for name, status, *_ in SHARED_ERRORS + refusals:
        if status in NEEDS_HEADER and not NEEDS_HEADER[status] & headers:
            continue
        if status in NEEDS_WRITE and method == "get":
            continue
        if status in NEEDS_BODY and "requestBody" not in operation:
            continue
        if status in NEEDS_PATH_PARAMETER and "{" not in path:
            continue
        if status == "429" and (not settings.RATE_LIMIT or path.startswith("/health")):
            continue
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{name}"})


def _complete(operation: dict[str, Any]) -> None:
    """Adds the request id, that no token is needed, and the words that are missing."""
    if not any(operation.get("security", ())):  # Generators take `[{}]`, no token or none, for a token.
        operation["security"] = []
    operation.setdefault("summary", operation["operationId"].replace("_", " ").capitalize())
    request_id = {"in": "header", "name": "X-Request-ID", "schema": {"type": "string"}}
    operation.setdefault("parameters", []).append(request_id | {"description": "The service logs and returns it."})
    for status, response in operation["responses"].items():
        if "$ref" not in response:
            response["description"] = response["description"] or DONE.get(status, "")
            response.setdefault("headers", {})["X-Request-ID"] = {"$ref": "#/components/headers/RequestID"}
