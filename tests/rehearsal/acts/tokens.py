"""Permissions: the service's in its database, and those of callers with tokens of a user pool."""

import base64
import json
import urllib.parse
import urllib.request

from tests.rehearsal.commands import check

READ, WRITE = "gadgets:read", "gadgets:write"
BODY = {"name": "written with a token"}
REFUSED = (
    "DROP TABLE sample_gadget",
    "TRUNCATE sample_gadget",
    "ALTER TABLE sample_gadget ADD COLUMN mine text",
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "DELETE FROM django_migrations",
    "SELECT rolpassword FROM pg_authid",
)


def user_pool(stage):
    """Checks the callers' permissions with a user pool, and that the service has changed its database role."""
    role = _serving_role(stage)
    check(role == "itemsvc_b", f"the service's role is {role}, not the other one")
    stage.note("the service took its other database role")
    _knock(stage)


def database_roles(stage):
    """Checks the permissions of the service's own URL, and the role of its open connections."""
    container = stage.task_definition("service")["containerDefinitions"][0]
    url = stage.resolved_secrets(container)["DATABASE_URL"]
    for statement in REFUSED:
        code, said = stage.psql(url, statement)
        check(code != 0 and ("permission denied" in said or "must be owner" in said), f"allowed: {statement}", said)
    code, said = stage.psql(url, "SELECT count(*) FROM sample_gadget")
    check(code == 0, "the service's role cannot read", said)
    connected = stage.query("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'itemsvc'")
    check(connected == [_serving_role(stage)], f"the service's connections are those of {connected}")
    stage.note(f"the service is connected as {connected[0]} alone; {len(REFUSED)} statements beyond rows refused")


def _serving_role(stage):
    container = stage.task_definition("service")["containerDefinitions"][0]
    return urllib.parse.urlsplit(stage.resolved_secrets(container)["DATABASE_URL"]).username


def _knock(stage):
    """Checks 401 without a token and with a forged one, 403 with a wrong scope, and success with the right one."""
    stage.authorization = None
    client, read, write = stage.client(), _token(stage, READ), _token(stage, WRITE)
    forged = f"{read[:-8]}{'A' if read[-8] != 'A' else 'B'}{read[-7:]}"
    for what, status, method, token in (
        ("no token", 401, "GET", None),
        ("a forged token", 401, "GET", forged),
        (WRITE, 403, "GET", write),
        (READ, 403, "POST", read),
        (READ, 200, "GET", read),
        (WRITE, 201, "POST", write),
    ):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = client.request(method, "/gadgets", BODY if method == "POST" else None, headers)
        check(answer.status == status, f"{method} with {what} was answered {answer.status}, not {status}", str(answer))
        challenge = answer.headers.get("www-authenticate", "")
        check(status < 400 or challenge.startswith("Bearer"), f"{status} without a challenge: {challenge!r}")
    check(client.get("/health/ready").status == 200, "readiness asks for a token")
    stage.authorization = f"Bearer {_token(stage)}"
    stage.check_serving(stage.tags["second"])
    stage.note(
        "tokens of the pool: 401 without and with a forged one, 403 with the wrong scope, 200 and 201 with the right"
    )


def _token(stage, *scopes):
    """An access token of the pool's machine client, with these scopes or with all its scopes."""
    outputs, cognito = stage.outputs(), stage.aws("cognito-idp")
    pool, client = outputs["oidc_issuer"].rpartition("/")[2], outputs["machine_client_id"]
    secret = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]["ClientSecret"]
    form = {"grant_type": "client_credentials"}
    if scopes:
        form["scope"] = " ".join(f"{outputs['oidc_audience']}/{scope}" for scope in scopes)
    # On AWS the pool has its own host name. Here the gateway serves its path.
    request = urllib.request.Request(
        stage.emulators.endpoint + urllib.parse.urlsplit(outputs["token_endpoint"]).path,
        urllib.parse.urlencode(form).encode(),
        {"Authorization": f"Basic {base64.b64encode(f'{client}:{secret}'.encode()).decode()}"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)["access_token"]
