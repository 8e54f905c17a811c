"""A view without the name of its scopes: the start-up check is not all that stands between it and everybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from itemsvc.auth.authentication import needed_scope
from itemsvc.resources.views import ResourceListView
from tests.sample.models import Gadget
from tests.support.issuer import Issuer, bearer
from tests.support.service import Service

FORBIDDEN = {"detail": "No token has a scope for this view, because the view names no `resource`."}


@pytest.fixture
def unnamed(start_service: Callable[..., Service], issuer: Issuer) -> Service:
    return start_service(DJANGO_SETTINGS_MODULE="tests.security.unnamed_settings", **issuer.environment())


def test_it_is_forbidden_and_harms_no_other_view(unnamed: Service, issuer: Issuer) -> None:
    headers = bearer(issuer.token(scope="gadgets:read :read report:read summary:write None:read"))
    for method, path in (("GET", "/report"), ("GET", "/summary"), ("POST", "/summary"), ("OPTIONS", "/report")):
        assert unnamed.request(method, path).status_code == 401
        response = unnamed.request(method, path, headers=headers)
        assert (response.status_code, response.json()) == (403, FORBIDDEN), (method, path)
    assert unnamed.get("/gadgets", headers=headers).status_code == 200
    document = unnamed.get("/schema", headers=headers)
    assert document.status_code == 200
    assert {"/report", "/summary", "/gadgets"} <= document.json()["paths"].keys()
    assert [line for line in unnamed.log_lines() if line["level"] == "ERROR"] == []


def test_a_name_in_another_script_gives_scopes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gadget._meta, "verbose_name_plural", "商品")

    class Goods(ResourceListView):
        queryset = Gadget.objects.all()

    assert needed_scope(Goods(), "GET") == "gadget:read"
