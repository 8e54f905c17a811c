"""Views that name no `resource`, beside those of the sample."""

from typing import Any

from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.sample.urls import urlpatterns as sample


class Report(APIView):
    def get(self, request: Any) -> Response:
        """Reports."""
        return Response([])


@api_view(["GET", "POST"])
def summary(request: Any) -> Response:
    """Sums up."""
    return Response([])


urlpatterns = [*sample, path("report", Report.as_view()), path("summary", summary)]
