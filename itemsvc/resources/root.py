"""`GET /`: links to everything that the service has."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.urls import get_script_prefix, reverse
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.schemas.generators import EndpointEnumerator
from rest_framework.views import APIView

from itemsvc.core.routes import LIVENESS_PATH

LINKS = {"$ref": "#/components/schemas/RootLinks"}


class RootView(APIView):
    """Links to the resources, the schema, its documentation and the health checks."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="root", summary="List what there is", tags=["root"], responses={200: LINKS})
    def get(self, request: Request) -> Response:
        """The addresses by name."""
        prefix = get_script_prefix().removesuffix("/")
        links = {path.removeprefix("/"): prefix + path for path in lists()}
        links |= {"schema": reverse("schema"), "docs": reverse("docs")}
        links |= {"health": prefix + LIVENESS_PATH, "readiness": reverse("readiness")}
        if settings.ADMIN_ENABLED:
            links["admin"] = reverse("admin:index")
        return Response({name: request.build_absolute_uri(path) for name, path in links.items()})


def lists() -> Iterator[str]:
    """The paths of all views in the URLconf that list a model's rows, also those of viewsets."""
    for path, method, callback in EndpointEnumerator().get_api_endpoints():
        actions = getattr(callback, "actions", None) or {"get": "list"}
        is_list = issubclass(callback.cls, ListModelMixin) and actions.get("get") == "list"
        if method == "GET" and is_list and "{" not in path:
            yield path
