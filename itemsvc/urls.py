"""The URLs. Those of an app are under the app's name. No URL ends in a slash (see `itemsvc/http/slashes.py`)."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from itemsvc.http.readiness import ReadinessView
from itemsvc.resources.root import RootView
from itemsvc.resources.schema_views import DocsView, SchemaView

#: The prefix of the resources' paths, such as v1/.
PREFIX = ""

urlpatterns = [
    path("", RootView.as_view(), name="root"),
    *(path(f"{PREFIX}{name}", include(f"{name}.urls")) for name in settings.RESOURCES),
    path("health/ready", ReadinessView.as_view(), name="readiness"),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
]
if settings.ADMIN_ENABLED:
    urlpatterns += [path("admin", RedirectView.as_view(url="/admin/")), path("admin/", admin.site.urls)]

handler400 = "itemsvc.http.errors.bad_request"
handler403 = "itemsvc.http.errors.permission_denied"
handler404 = "itemsvc.http.errors.not_found"
handler500 = "itemsvc.http.errors.server_error"
