"""The service's own URLs, and viewsets with a router below a prefix, as DRF documents them."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ModelViewSet, ViewSet

from itemsvc.urls import handler400, handler403, handler404, handler500, urlpatterns  # noqa: F401
from tests.sample.models import Line
from tests.sample.serializers import LineSerializer


class LineViewSet(ModelViewSet):
    """Lines, and an action beside them that lists nothing."""

    queryset = Line.objects.order_by("id")
    serializer_class = LineSerializer
    resource = "lines"

    @action(detail=False)
    def largest(self, request: Request) -> Response:
        """One line."""
        return Response({})


class Greeting(ViewSet):
    """Lists no rows of a model."""

    resource = "greetings"

    def list(self, request: Request, *args: Any) -> Response:
        """A word."""
        return Response("hello")


router = SimpleRouter(trailing_slash=False)
router.register("lines", LineViewSet)
router.register("greetings", Greeting, basename="greeting")
urlpatterns = [*urlpatterns, path("v1/", include(router.urls))]
