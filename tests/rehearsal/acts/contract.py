"""The HTTP contract through the load balancer. The tests of the API check the same in more detail."""

import json
import re
import uuid

from tests.rehearsal.commands import check

MIB = 1024 * 1024
TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
LINK = re.compile(r'<([^>]+)>; rel="(\w+)"')
# method, path, headers, body, status, a member of the JSON response
REFUSALS = (
    ("POST", "/gadgets", {}, {}, 400, "name"),
    ("POST", "/gadgets", {}, {"name": "x", "colour": "red"}, 400, "colour"),
    ("POST", "/gadgets", {}, {"name": "x" * 256}, 400, "name"),
    ("POST", "/gadgets", {}, b"{", 400, "detail"),
    ("POST", "/gadgets", {"Content-Type": "text/plain"}, b"x", 415, "detail"),
    ("POST", "/gadgets", {}, {"name": "x", "description": "x" * 2 * MIB}, 413, "detail"),
    ("GET", "/gadgets?limit=0", {}, None, 400, "limit"),
    ("GET", "/gadgets?limit=1001", {}, None, 400, "limit"),
    ("GET", "/gadgets?cursor=nonsense", {}, None, 400, "cursor"),
    ("GET", "/gadgets?ordering=name", {}, None, 400, "ordering"),
    ("GET", "/gadgets?page=2", {}, None, 400, "page"),
    ("GET", "/gadgets", {"Accept": "image/png"}, None, 406, "detail"),
    ("GET", f"/gadgets/{uuid.UUID(int=0)}", {}, None, 404, "detail"),
    ("GET", "/nothing/here", {}, None, 404, "detail"),
    ("PATCH", "/gadgets", {}, {}, 405, "detail"),
)


def http_contract(stage):
    """Checks each part of the contract."""
    client = _Counting(stage.client())
    for part in (_health, _gadgets, _pages, _filters, _stream, _refusals, _request_ids, _documents):
        part(client)
    stage.check_kept()
    stage.note(f"{client.requests} requests, each answered as the contract says")


class _Counting:
    """A client that checks the status and counts."""

    def __init__(self, client):
        self._client, self.requests, self.host = client, 0, client.host

    def send(self, method, path, status, body=None, headers=None):
        self.requests += 1
        answer = self._client.request(
            method, path, body, {**({"Content-Type": "application/json"} if body else {}), **(headers or {})}
        )
        check(answer.status == status, f"{method} {path} answered {answer.status}, not {status}", str(answer))
        return answer


def _health(client):
    _equal("/health", client.send("GET", "/health", 200).json(), {"status": "healthy"})
    _equal("/health/ready", client.send("GET", "/health/ready", 200).json()["status"], "ready")


def _gadgets(client):
    created = client.send("POST", "/gadgets", 201, {"name": "  lamp ", "description": "brass"})
    gadget = created.json()
    _equal("members of a gadget", sorted(gadget), ["created_at", "description", "id", "name"])
    _equal("version of the id", uuid.UUID(gadget["id"]).version, 7)
    _equal("trimmed name", gadget["name"], "lamp")
    check(gadget["created_at"].endswith("Z"), f"created_at is not in UTC: {gadget['created_at']}")
    location = created.headers["location"]
    _equal("Location", location, f"http://{client.host}/gadgets/{gadget['id']}")
    path = f"/gadgets/{gadget['id']}"
    _equal(path, client.send("GET", path, 200).json(), gadget)
    changed = client.send("PUT", path, 200, {"name": "lantern"}).json()
    _equal("name after PUT", changed["name"], "lantern")
    changed = client.send("PATCH", path, 200, {"description": "tin"}).json()
    _equal("gadget after PATCH", (changed["name"], changed["description"]), ("lantern", "tin"))
    _equal("created_at after changes", changed["created_at"], gadget["created_at"])
    client.send("DELETE", path, 204)
    client.send("GET", path, 404)
    with_slash = client.send("POST", "/gadgets/", 201, {"name": "with a slash"}).json()
    client.send("DELETE", f"/gadgets/{with_slash['id']}/", 204)


def _pages(client):
    written = [client.send("POST", "/gadgets", 201, {"name": f"page {number}"}).json()["id"] for number in range(5)]
    first = client.send("GET", "/gadgets?limit=2", 200)
    _equal("page 1", [gadget["id"] for gadget in first.json()], [written[4], written[3]])
    links = _links(first)
    second = client.send("GET", links["next"].split(client.host)[1], 200)
    _equal("page 2", [gadget["id"] for gadget in second.json()], [written[2], written[1]])
    back = client.send("GET", _links(second)["prev"].split(client.host)[1], 200)
    _equal("back on page 1", back.json(), first.json())
    oldest = client.send("GET", "/gadgets?ordering=created_at&limit=1000", 200).json()
    _equal("oldest first", [gadget["id"] for gadget in oldest][-5:], written)
    for identifier in written:
        client.send("DELETE", f"/gadgets/{identifier}", 204)


def _filters(client):
    gadget = client.send("POST", "/gadgets", 201, {"name": "Needle in haystack"}).json()
    for query in (
        "name=Needle%20in%20haystack",
        "search=IN%20HAY",
        "created_before=2999-01-01T00:00:00Z&search=needle",
    ):
        _equal(query, client.send("GET", f"/gadgets?{query}", 200).json(), [gadget])
    _equal("created_after", client.send("GET", "/gadgets?created_after=2999-01-01T00:00:00Z", 200).json(), [])
    client.send("DELETE", f"/gadgets/{gadget['id']}", 204)


def _stream(client):
    answer = client.send("GET", "/gadgets", 200, headers={"Accept": "application/x-ndjson"})
    _equal("content type of a stream", answer.headers["content-type"].split(";")[0], "application/x-ndjson")
    streamed = [json.loads(line) for line in answer.body.splitlines()]
    _equal("streamed gadgets", streamed, client.send("GET", "/gadgets?limit=1000", 200).json())


def _refusals(client):
    for method, path, headers, body, status, member in REFUSALS:
        answer = client.send(method, path, status, body, headers)
        _equal(f"content type of {status} for {method} {path}", answer.headers["content-type"], "application/json")
        check(member in answer.json(), f"{method} {path}: no {member!r} in the {status} answer", str(answer))


def _request_ids(client):
    given = "rehearsal-1234"
    answer = client.send("GET", "/gadgets?limit=1", 200, headers={"X-Request-ID": given})
    _equal("X-Request-ID as given", answer.headers["x-request-id"], given)
    traced = client.send("GET", "/gadgets?limit=1", 200).headers["x-request-id"]
    check(TRACE_ID.fullmatch(traced), f"X-Request-ID is not the load balancer's trace id: {traced}")


def _documents(client):
    schema = client.send("GET", "/schema", 200).json()
    check(schema["openapi"].startswith("3.1"), f"OpenAPI {schema['openapi']}, not 3.1")
    check("/gadgets/{id}" in schema["paths"] and "/gadgets" in schema["paths"], "the schema lacks /gadgets")
    for path in ("/docs", "/gadgets"):
        page = client.send("GET", path, 200, headers={"Accept": "text/html"})
        check(page.headers["content-type"].startswith("text/html"), f"{path} is no page")
        for asset in re.findall(rb'(?:href|src)="(/static/[^"]+)"', page.body)[:3]:
            client.send("GET", asset.decode(), 200, headers={"Accept": "*/*"})


def _links(answer):
    return {relation: url for url, relation in LINK.findall(answer.headers.get("link", ""))}


def _equal(what, seen, expected):
    check(seen == expected, f"{what}: {seen!r}, not {expected!r}")
