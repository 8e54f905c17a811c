"""Gateway: a load balancer gets every path of its host names, and clients reach these names by HTTP proxy.

MiniStack answers /health itself for every host. No machine resolves an emulated *.elb.amazonaws.com, or a record of an
emulated hosted zone. So clients set http_proxy to the gateway and send requests in absolute form (RFC 9112, section
3.2.2). The gateway follows a zone's alias to the load balancer. It speaks no TLS: a request to port 443 is plain HTTP.
"""

from urllib.parse import urlsplit

from ministack import app
from ministack.services import alb, route53

BALANCERS = ".elb.amazonaws.com"

_application = app.app
_before_body = app._handle_pre_body_request
_after_body = app._handle_post_body_shortcuts
_data_plane = app._handle_special_data_plane_request
_is_known, _find = app._is_potential_alb_request, alb.find_lb_for_host


def _resolved(host):
    """The name without port that a host has after the alias in a hosted zone, if there is one."""
    name = host.split(":")[0].lower()
    records = [record for records in list(route53._records.values()) for record in records]
    aliases = {record["Name"]: record["AliasTarget"]["DNSName"] for record in records if record.get("AliasTarget")}
    return aliases.get(f"{name}.", name).rstrip(".").lower()


def _is_balancer(headers):
    return _resolved(headers.get("host", "")).endswith(BALANCERS)


async def _handle_before_body(method, path, headers, *rest):
    return None if _is_balancer(headers) else await _before_body(method, path, headers, *rest)


async def _handle_after_body(method, path, headers, *rest):
    return None if _is_balancer(headers) else await _after_body(method, path, headers, *rest)


async def _handle_data_plane(method, path, headers, body, query, *rest, **options):
    if not _is_balancer(headers):
        return await _data_plane(method, path, headers, body, query, *rest, **options)
    answer = await app._handle_alb_request(
        headers["host"], path, method, headers, body, query, options.get("raw_query_string"), options.get("raw_path")
    )
    return answer or (502, {"Content-Type": "text/plain"}, b"no load balancer of this name\n")


async def _origin_form(scope, receive, send):
    """Wraps the application to read `GET http://host/path` as `GET /path`."""
    if scope["type"] == "http" and scope["path"].startswith("http://"):
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        path = urlsplit(scope["path"]).path or "/"
        scope = {**scope, "path": path, "raw_path": (urlsplit(raw).path or "/").encode()}
    await _application(scope, receive, send)


app._is_potential_alb_request = lambda host, path: _is_known(_resolved(host), path)
alb.find_lb_for_host = lambda host: _find(_resolved(host))
app._handle_pre_body_request = _handle_before_body
app._handle_post_body_shortcuts = _handle_after_body
app._handle_special_data_plane_request = _handle_data_plane
app.app = _origin_form
