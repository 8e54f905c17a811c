"""The page's blocks, run in their order in a clone; then the orders that they made, held to the contract of items."""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.containers.conftest import engine as engine  # noqa: PLC0414  (a fixture)
from tests.containers.engine import Session
from tests.own import document
from tests.own.project import Project
from tests.support import bucket, openapi
from tests.support.issuer import Issuer, bearer
from tests.support.service import ROOT, Service
from tests.terraform import requirements
from tests.terraform.account import Account
from tests.terraform.stack import Stack

pytestmark = pytest.mark.slow
Members = Callable[..., dict[str, Any]]
NOT_COPIED = shutil.ignore_patterns(".terraform", "*.tfstate*")
PAGE = ROOT / "docs" / "your-own-service.md"
#: The whole of `make test` is for tests/own/test_rename.py; here, what the page's apps and settings could change.
CHANGED = "orders customers items tests/install/test_docs.py " + " ".join(
    f"tests/api/test_{name}.py" for name in ("checks", "configuration", "root", "schema", "schema_with_tokens")
)


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    """The clone, once the page was followed to its end."""
    made = Project()
    for block in document.blocks(PAGE):
        follow(made, block)
    yield made
    made.remove()


def follow(project: Project, block: document.Block) -> None:
    """Makes the block's change, or runs its commands; raises AssertionError with what a failing one printed."""
    if block.path:
        document.change(project.root / block.path, block)
    elif "git clone" in block.text:
        project.run(block.text, cwd=project.folder)
        project.share_linters()
    elif not block.needs_aws:
        project.run(block.text.replace("make test\n", f'make test ARGS="{CHANGED}"\n'))


class OwnService(Service):
    """The clone under gunicorn."""

    def __init__(self, project: Project, database_url: str, **environment: str):
        self.root = project.root
        environment |= {"DJANGO_SETTINGS_MODULE": "ordersvc.settings", "STATIC_ROOT": str(project.folder / "static")}
        super().__init__(database_url, migrate=True, **environment)


@pytest.fixture(scope="module")
def service(project: Project, new_database: Callable[[str], str]) -> Iterator[Service]:
    """It serves; every response is held against its schema."""
    with OwnService(project, new_database("own"), ADMIN_ENABLED="true") as running:
        running.schema = openapi.Schema(running.get("/schema", headers={"Accept": "application/json"}).json())
        yield running


@pytest.fixture(scope="module")
def customer(service: Service) -> str:
    """The key of a customer."""
    return str(service.post("/v1/customers", json={"name": "Ada"}).json()["id"])


@pytest.fixture
def order(service: Service, customer: str) -> Callable[..., dict[str, Any]]:
    """The members of an order."""
    service.execute("DELETE FROM orders_order")

    def members(**more: Any) -> dict[str, Any]:
        return {"name": "first", "customer": customer, "total": "9.50", "placed_on": "2026-01-31", **more}

    return members


def test_it_is_made_and_read(service: Service, order: Members) -> None:
    sent = order(tags=["a", "b"], details={"colour": ["red"]}, gift=True)
    made = service.post("/v1/orders", json=sent)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert {name: shown[name] for name in sent} == sent
    assert (shown["status"], uuid.UUID(shown["id"]).version) == ("open", 7)
    assert made.headers["Location"] == f"{service.url}/v1/orders/{shown['id']}"
    read = service.get(f"/v1/orders/{shown['id']}")
    assert (read.json(), read.headers["ETag"]) == (shown, made.headers["ETag"])
    assert service.get("/v1/orders").json() == [shown]


def test_a_change_is_conditional(service: Service, order: Members) -> None:
    made = service.post("/v1/orders", json=order())
    place, first = f"/v1/orders/{made.json()['id']}", {"If-Match": made.headers["ETag"]}
    changed = service.request("PATCH", place, json={"total": "10.00"}, headers=first)
    assert (changed.status_code, changed.json()["total"]) == (200, "10.00")
    for method in ("PUT", "PATCH", "DELETE"):
        assert service.request(method, place, json=order(), headers=first).status_code == 412
    assert service.get(place, headers={"If-None-Match": changed.headers["ETag"]}).status_code == 304
    assert service.get(place, headers={"If-None-Match": made.headers["ETag"]}).status_code == 200
    listed = service.get("/v1/orders").headers["ETag"]
    assert service.get("/v1/orders", headers={"If-None-Match": listed}).status_code == 304
    assert service.request("DELETE", place).status_code == 204
    assert service.get(place).status_code == 404


@pytest.mark.parametrize("ordering", ["-created_at", "placed_on", "-placed_on"])
def test_pages_lead_forth_and_back(service: Service, order: Members, ordering: str) -> None:
    days = ("03", "01", "02", "02", "01")
    service.post("/v1/orders", json=[order(placed_on=f"2026-01-{day}") for day in days])
    whole = [row["id"] for row in service.get(f"/v1/orders?ordering={ordering}").json()]
    pages = [service.get(f"/v1/orders?ordering={ordering}&limit=2")]
    while "next" in pages[-1].links:
        pages.append(service.get(pages[-1].links["next"]["url"].removeprefix(service.url)))
    assert [[row["id"] for row in page.json()] for page in pages] == [whole[:2], whole[2:4], whole[4:]]
    back = service.get(pages[-1].links["prev"]["url"].removeprefix(service.url))
    assert back.json() == pages[1].json()
    assert "prev" not in pages[0].links


def test_all_are_streamed_as_lines(service: Service, order: Members) -> None:
    service.post("/v1/orders", json=[order(name=str(number)) for number in range(150)])
    lines = service.get("/v1/orders", headers={"Accept": "application/x-ndjson"})
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == service.get("/v1/orders?limit=1000").json()


def test_many_are_made_or_none(service: Service, order: Members) -> None:
    made = service.post("/v1/orders", json=[order(name=name) for name in "abc"])
    assert (made.status_code, [row["name"] for row in made.json()]) == (201, ["a", "b", "c"])
    refused = service.post("/v1/orders", json=[order(), order(total="much")])
    assert (refused.status_code, list(refused.json())) == (400, ["1"])
    assert len(service.get("/v1/orders").json()) == 3


def test_a_repeated_key_makes_one(service: Service, order: Members) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (service.post("/v1/orders", json=order(), headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert service.post("/v1/orders", json=order(name="other"), headers=key).status_code == 422
    assert len(service.get("/v1/orders").json()) == 1


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("colour", "red"),
        ("name", ""),
        ("customer", "00000000-0000-7000-8000-000000000000"),
        ("status", "lost"),
        ("total", "9.501"),
        ("placed_on", "yesterday"),
        ("gift", "perhaps"),
        ("tags", ["a"] * 11),
    ],
)
def test_a_wrong_member_is_refused_by_name(service: Service, order: Members, member: str, value: Any) -> None:
    refused = service.post("/v1/orders", json=order(**{member: value}))
    assert (refused.status_code, list(refused.json())) == (400, [member])


def test_another_media_type_is_refused(service: Service) -> None:
    assert service.post("/v1/orders", data="name=a", headers={"Content-Type": "text/plain"}).status_code == 415


def test_filters(service: Service, order: Members) -> None:
    other = service.post("/v1/customers", json={"name": "Bob"}).json()["id"]
    orders = [order(name="a"), order(name="b", total="20.00"), order(name="c", status="paid", customer=other)]
    service.post("/v1/orders", json=orders)
    for query, names in (
        (f"customer={other}", "c"),
        ("status=open", "ba"),
        ("min_total=20", "b"),
        ("name=a", "a"),
        ("created_after=2026-01-01T00:00:00Z", "cba"),
        ("created_before=2026-01-01T00:00:00Z", ""),
    ):
        listed = service.get(f"/v1/orders?{query}")
        assert (listed.status_code, "".join(row["name"] for row in listed.json())) == (200, names), query
    for query in ("colour=red", "status=lost", "min_total=much", "customer=1", "ordering=total"):
        refused = service.get(f"/v1/orders?{query}")
        assert (refused.status_code, list(refused.json())) == (400, [query.partition("=")[0]])


def test_the_schema_has_it(service: Service) -> None:
    assert service.schema
    document_ = service.schema.document
    assert {"/v1/orders", "/v1/orders/{id}", "/v1/payments/{id}/pay", "/v1/customers"} <= set(document_["paths"])
    members = document_["components"]["schemas"]["Order"]["properties"]
    assert {"customer", "status", "total", "placed_on", "gift", "tags", "details"} < set(members)
    assert service.get("/").json()["v1/orders"] == f"{service.url}/v1/orders"


def test_a_browser_gets_pages(service: Service, order: Members) -> None:
    made = service.post("/v1/orders", json=order(name="a lamp")).json()
    for path in ("/v1/orders", f"/v1/orders/{made['id']}"):
        page = service.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "a lamp" in page.text


def test_the_admin_has_it(service: Service, order: Members) -> None:
    made = service.post("/v1/orders", json=order(name="a lamp")).json()
    account = {"DJANGO_SUPERUSER_PASSWORD": "correct horse battery"}
    words = ("createsuperuser", "--noinput", "--username=ada", "--email=ada@example.com")
    service.environment |= account
    service.manage(*words, check=True)
    http, login = service.http, f"{service.url}/admin/login/"
    http.get(login)
    fields = {"username": "ada", "password": account["DJANGO_SUPERUSER_PASSWORD"]}
    http.post(login, data={**fields, "csrfmiddlewaretoken": http.cookies["csrftoken"]}, headers={"Referer": login})
    assert "a lamp" in http.get(f"{service.url}/admin/orders/order/?q=lamp").text
    page = http.get(f"{service.url}/admin/orders/order/{made['id']}/change/").text
    http.cookies.clear()
    assert all(f'name="{member}"' in page for member in ("name", "customer", "status", "placed_on", "tags"))


def test_the_action_and_the_permission(service: Service, order: Members) -> None:
    place = f"/v1/orders/{service.post('/v1/orders', json=order()).json()['id']}"
    payment = place.replace("orders", "payments")
    assert service.get(payment).json() == service.get(place).json()
    paid = service.post(f"{payment}/pay")
    assert (paid.status_code, paid.json()["status"]) == (200, "paid")
    assert service.get(place).json()["status"] == "paid"
    assert service.request("PATCH", place, json={"status": "open"}).status_code == 403


def test_the_scopes_have_its_name(project: Project, service: Service, issuer: Issuer) -> None:
    with OwnService(project, service.database_url, **issuer.environment()) as secured:
        assert secured.get("/v1/orders").status_code == 401
        token = bearer(issuer.token(scope="orders:read"))
        assert secured.get("/v1/orders", headers=token).status_code == 200
        assert secured.get("/v1/customers", headers=token).status_code == 403
        assert secured.post("/v1/orders", json={}, headers=token).status_code == 403


@pytest.mark.docker
def test_an_attachment_goes_to_the_bucket(project: Project, service: Service, order: Members, engine: Session) -> None:
    made = service.post("/v1/orders", json=order()).json()
    place = f"/v1/orders/{made['id']}/attachment"
    assert service.post(place, json={"content_type": "application/pdf"}).status_code == 404
    with OwnService(project, service.database_url, **bucket.start(engine)) as own:
        own.schema = openapi.Schema(own.get("/schema", headers={"Accept": "application/json"}).json())
        form = own.post(place, json={"content_type": "application/pdf"}).json()
        assert requests.post(form["url"], form["fields"], files={"file": b"pdf"}, timeout=30).status_code == 204
        assert requests.get(own.get(place).json()["url"], timeout=30).content == b"pdf"
        refused = own.post(place, json={"content_type": "text/html"})
        assert (refused.status_code, list(refused.json())) == (400, ["content_type"])
        assert own.get(f"/v1/orders/{uuid.uuid4()}/attachment").status_code == 404


@pytest.mark.terraform
def test_its_variables_are_planned(project: Project) -> None:
    if problem := requirements.missing():
        pytest.skip(problem)
    with contextlib.ExitStack() as afterwards:
        account = Account(project.folder / "account")
        afterwards.callback(account.stop)
        account.wait()
        stack = Stack(project.folder / "stack", account)
        shutil.copytree(project.root / "terraform", stack.directory, dirs_exist_ok=True, ignore=NOT_COPIED)
        stack.init()
        planned = stack.plan("-var-file=environments/dev.tfvars", "image_tag=3f2a9c1d7e5b")
    assert planned['aws_scheduler_schedule.command["delete-unpaid"]'] == "create"
    assert planned["aws_ecs_service.worker[0]"] == "create"
    assert planned["aws_s3_bucket.media[0]"] == "create"
