"""The OpenAPI document: what drf-spectacular reads off the views, and what every operation shares."""

from __future__ import annotations

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView

REQUEST_ID = {
    "schema": {"type": "string", "maxLength": 128},
    "description": "The caller's X-Request-ID if it was well formed, else the load balancer's trace id, else a new one.",
}

ERROR = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}

#: Answers that any operation may give, whatever it is about. 400 stands for a malformed request.
SHARED_ERRORS = {
    "400": "The request is malformed or not valid.",
    "406": "None of the media types in Accept is available.",
    "500": "An error of the service; its log has the request id.",
    "503": "The database is unavailable; try again.",
}
BODY_ERRORS = {"413": "The body is too large.", "415": "The body is not application/json in UTF-8."}

LIVENESS = {
    "get": {
        "operationId": "liveness",
        "description": "Whether this process serves. Touches no database and accepts any Host header.",
        "tags": ["health"],
        "responses": {
            "200": {
                "description": "It does.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"status": {"type": "string", "enum": ["healthy"]}},
                            "required": ["status"],
                            "additionalProperties": False,
                        }
                    }
                },
            }
        },
    }
}


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as JSON unless the caller asks for YAML."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]


def describe_what_every_operation_shares(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """drf-spectacular's post-processing hook: liveness (a middleware's), the request id, the common errors."""
    result["components"]["schemas"]["Error"] = ERROR
    for path in result["paths"].values():
        for operation in path.values():
            _add_errors(operation)
    result["paths"]["/health"] = LIVENESS
    for path in result["paths"].values():
        for operation in path.values():
            _add_request_id(operation)
    return result


def _add_errors(operation: dict[str, Any]) -> None:
    errors = SHARED_ERRORS | (BODY_ERRORS if "requestBody" in operation else {})
    for status, description in errors.items():
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        operation["responses"].setdefault(status, {"description": description, "content": content})


def _add_request_id(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(
        {"in": "header", "name": "X-Request-ID", "schema": {"type": "string"}, "description": "An id to log and echo."}
    )
    for response in operation["responses"].values():
        response.setdefault("headers", {})["X-Request-ID"] = REQUEST_ID
