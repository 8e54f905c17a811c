"""Environment variables: a bad or missing one stops the process with one sentence that names it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest
from django.conf import settings
from django.core.checks import run_checks
from psycopg2 import sql

from dev import postgres
from itemsvc.checks import is_left_out
from itemsvc.core import env_file
from itemsvc.core.database_options import connection_options
from itemsvc.core.env import Env
from tests.support.service import ROOT, libpq_url

PRODUCTION = {
    "SECRET_KEY": "kZ3vN8qLw5Tx1RbYc7MdGf2HsJp9UaEo4WiQ6nXlVtBrKyDh0SgCm",
    "DATABASE_URL": "postgres://app:secret@db.internal:5432/itemsvc?sslmode=verify-full",
    "ALLOWED_HOSTS": "api.example.com",
    "NUM_PROXIES": "1",
}


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process that knows only this environment."""
    base = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "itemsvc.settings"}
    base |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=base | environment, capture_output=True, text=True, check=False
    )


def load(**environment: str) -> subprocess.CompletedProcess[str]:
    """What importing the settings says."""
    return run("-c", "import itemsvc.settings", **environment)


OIDC = {
    "API_AUTH": "oidc",
    "OIDC_ISSUER": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a1B2c3D4e",
    "OIDC_AUDIENCE": "itemsvc",
}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in PRODUCTION.items() if key != name}


@pytest.mark.slow
def test_check_deploy_is_silent_in_production() -> None:
    result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "System check identified no issues (7 silenced).\n"
    assert result.stderr == ""


@pytest.mark.slow
def test_the_admin_is_no_mistake() -> None:
    result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, ADMIN_ENABLED="true")
    assert result.stdout == "System check identified no issues (3 silenced).\n", result.stderr


@pytest.mark.slow
def test_check_deploy_is_silent_with_tokens_too() -> None:
    result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION | OIDC)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
def test_the_two_required_variables_are_enough() -> None:
    required = {name: PRODUCTION[name] for name in ("SECRET_KEY", "DATABASE_URL")}
    assert run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **required).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
@pytest.mark.parametrize("command", [("manage.py", "check"), ("-m", "gunicorn"), ("-c", "import itemsvc.settings")])
def test_a_missing_variable_stops_every_command(name: str, command: tuple[str, ...]) -> None:
    result = run(*command, **without(name))
    assert result.returncode == 1
    assert result.stderr == f"itemsvc: {name} is required and not set; .env.example explains it.\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("DEBUG", "flase", "is 'flase', which is not true or false"),
        ("DEBUG", "2", "is '2', which is not true or false"),
        ("HTTPS_ONLY", "maybe", "is 'maybe', which is not true or false"),
        ("NUM_PROXIES", "one", "is 'one', which is not a whole number"),
        ("NUM_PROXIES", "-1", "is -1, which is not from 0 to 10"),
        ("NUM_PROXIES", "11", "is 11, which is not from 0 to 10"),
        ("MAX_BODY_BYTES", "1", "is 1, which is not from 1024 to"),
        ("RATE_LIMIT", "600", "is '600', which is not a rate such as 600/min; the units are s, min, hour, day"),
        ("RATE_LIMIT", "0/min", "is '0/min', which is not a rate such as"),
        ("RATE_LIMIT", "1/week", "is '1/week', which is not a rate such as"),
        ("LOG_FORMAT", "xml", "is 'xml', which is not one of json, text"),
        ("LOG_LEVEL", "loud", "is 'LOUD', which is not one of DEBUG"),
        ("DB_CONN_MAX_AGE", "1.5", "is '1.5', which is not a whole number"),
        ("DATABASE_URL", "mysql://a:b@c/d", "does not start with postgres://"),
        ("DATABASE_URL", "sqlite:///db.sqlite3", "does not start with postgres://"),
        ("DATABASE_URL", "postgres://a:p#w@c/d", "percent-encode special characters"),
        ("DATABASE_URL", "postgres://a:p/w@c/d", "percent-encode special characters"),
        ("DATABASE_URL", "postgres://a:p?w@c/d", "percent-encode special characters"),
        ("DATABASE_URL", "postgres://a:p[w@c/d", "percent-encode special characters"),
        ("DATABASE_URL", "postgres://a:p@c:port/d", "percent-encode special characters"),
        ("DATABASE_URL", "postgres://a:p@c:5432", "has no database"),
        ("API_AUTH", "oauth", "is 'oauth', which is not one of none, oidc"),
        ("OIDC_ISSUER", "login.example.com", "is not https://HOST/PATH"),
        ("OIDC_ISSUER", "https:///path", "is not https://HOST/PATH"),
        ("OIDC_ISSUER", "https://user@login.example.com", "is not https://HOST/PATH"),
        ("OIDC_ISSUER", "https://login.example.com?a=b", "is not https://HOST/PATH"),
        ("OIDC_ISSUER", "https://login.example.com:port", "is not https://HOST/PATH"),
        ("OIDC_ISSUER", "file:///etc/passwd", "is not https://HOST/PATH"),
        ("OIDC_ISSUER", "http://login.example.com", "use https://"),
        ("OIDC_ISSUER", "http://127.0.0.1.example.com", "use https://"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_it(name: str, value: str, problem: str) -> None:
    result = load(**PRODUCTION | {name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"itemsvc: {name} ")
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "rate"),
    [("7/s", (7, 1)), ("600/min", (600, 60)), ("1/hour", (1, 3600)), ("9/day", (9, 86400)), ("", None)],
)
def test_a_rate_is_a_count_and_its_seconds(monkeypatch: pytest.MonkeyPatch, value: str, rate: Any) -> None:
    monkeypatch.setenv("RATE_LIMIT", value)
    assert Env().rate("RATE_LIMIT") == rate


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:4566", "[::1]", "[::1]:4566"])
def test_an_issuer_on_this_machine_may_be_plain_http(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("OIDC_ISSUER", f"http://{host}/pool")
    assert Env().address("OIDC_ISSUER") == f"http://{host}/pool"


@pytest.mark.parametrize(
    ("value", "taken"), [("1023", False), ("1024", True), ("2147483647", True), ("2147483648", False)]
)
def test_a_number_has_a_smallest_and_a_largest(monkeypatch: pytest.MonkeyPatch, value: str, taken: bool) -> None:
    monkeypatch.setenv("MAX_BODY_BYTES", value)
    with nullcontext() if taken else pytest.raises(SystemExit, match=f"MAX_BODY_BYTES is {value}, which is not from"):
        assert Env().integer("MAX_BODY_BYTES", default=5000, minimum=1024) == int(value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["OIDC_ISSUER", "OIDC_AUDIENCE"])
def test_tokens_need_an_issuer_and_an_audience(name: str) -> None:
    result = load(**PRODUCTION | {key: value for key, value in OIDC.items() if key != name})
    assert result.stderr == f"itemsvc: {name} is required and not set; .env.example explains it.\n"


@pytest.mark.slow
def test_an_audience_of_commas_is_none() -> None:
    assert load(**PRODUCTION | OIDC | {"OIDC_AUDIENCE": " , "}).stderr == "itemsvc: OIDC_AUDIENCE is an empty list.\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["WEB_CONCURRENCY", "GUNICORN_THREADS", "GUNICORN_KEEPALIVE", "PORT"])
def test_gunicorns_own_are_checked_too(name: str) -> None:
    result = run("-m", "gunicorn", "--check-config", **PRODUCTION | {name: "0"})
    assert result.returncode == 1
    assert f"itemsvc: {name} is 0" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("word", ["true", "TRUE", "yes", "on", "1"])
def test_booleans(word: str) -> None:
    result = run("-c", "from itemsvc.settings import HTTPS_ONLY as x; print(x)", **PRODUCTION | {"HTTPS_ONLY": word})
    assert result.stdout == "True\n"


@pytest.mark.slow
def test_a_value_that_starts_with_a_dollar_is_that_value() -> None:
    key = "$HOME" + PRODUCTION["SECRET_KEY"]
    result = run("-c", "from itemsvc.settings import SECRET_KEY as x; print(x)", **PRODUCTION | {"SECRET_KEY": key})
    assert result.stdout.strip() == key


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mistake", "identifier"),
    [
        ({"ALLOWED_HOSTS": "*"}, "itemsvc.E002"),
        ({"ALLOWED_HOSTS": "api.example.com, *"}, "itemsvc.E002"),
        ({"SECRET_KEY": "django-insecure-" + "a1B2c3D4e5" * 6}, "itemsvc.E003"),
        ({"SECRET_KEY": "short"}, "itemsvc.E003"),
        ({"DB_CONN_MAX_AGE": "351"}, "itemsvc.E004"),
        ({"CSRF_TRUSTED_ORIGINS": "api.example.com"}, "4_0.E001"),
        ({"DEBUG": "true"}, "itemsvc.E001"),
        ({"HTTPS_ONLY": "false"}, "security.W008"),
        (OIDC | {"OIDC_ISSUER": "http://127.0.0.1:4566"}, "itemsvc.E007"),
        (OIDC | {"API_AUTH": "none"}, "itemsvc.E008"),
    ],
)
def test_a_deployment_mistake_is_an_error(mistake: dict[str, str], identifier: str) -> None:
    result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION | mistake)
    assert result.returncode == 1
    assert f"({identifier})" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("ALLOWED_HOSTS", ["."], {"itemsvc.E002"}),
        ("ALLOWED_HOSTS", [".example.com"], set()),
        ("CONN_MAX_AGE", 350, set()),
        ("CONN_MAX_AGE", 351, {"itemsvc.E004"}),
        ("CONN_MAX_AGE", None, {"itemsvc.E004"}),
    ],
)
def test_a_mistake_in_the_settings_themselves_is_an_error(
    settings: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: Any, found: set[str]
) -> None:
    if name == "CONN_MAX_AGE":
        monkeypatch.setitem(settings.DATABASES["default"], name, value)
    else:
        setattr(settings, name, value)
    assert {message.id for message in run_checks(tags=["security"]) if message.id.startswith("itemsvc.")} == found


@pytest.mark.slow
def test_debug_needs_no_key_and_is_no_mistake_while_developing() -> None:
    environment = {"DEBUG": "true", "DATABASE_URL": PRODUCTION["DATABASE_URL"], "ALLOWED_HOSTS": "*"}
    assert run("manage.py", "check", **environment).returncode == 0


@pytest.mark.slow
def test_a_password_of_reserved_characters_works(postgres_server, new_database) -> None:
    password = "aZ0:/?#[]@!$&'()*+,;=%{}|\\^~`\"<> é€"
    role = sql.Identifier("reserved")
    postgres.execute(
        postgres_server,
        sql.SQL("DROP ROLE IF EXISTS {}").format(role),
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)),
    )
    url = new_database("reserved").replace("postgres@", f"reserved:{quote(password, safe='')}@")
    code = "from django.db import connections as c; print(c['default'].get_connection_params()['password'], end='')"
    result = run("-c", f"import django; django.setup(); {code}", **PRODUCTION | {"DATABASE_URL": url})
    assert result.stdout == password
    psycopg2.connect(libpq_url(url)).close()


@pytest.mark.parametrize(
    ("path", "lines", "left_out"),
    [
        ("orders", "*\n!items/", True),
        ("orders", "*\n!items/\n!orders/", False),
        ("orders", "", False),
        ("orders", "tests\n.git", False),
        ("orders", "/orders/", True),
        ("orders", "**/orders\n", True),
        ("apps/orders", "*\n!apps/", False),
        ("apps/orders", "!apps/\napps/orders", True),
        ("apps/orders", "apps/b*\n# orders", False),
    ],
)
def test_what_dockerignore_leaves_out(path: str, lines: str, left_out: bool) -> None:
    assert is_left_out(path, lines.split("\n")) is left_out


#: Lines of .dockerignore that leave the service's packages in.
OWN = "".join(f"!{name}\n" for name in ("itemsvc", *settings.RESOURCES))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "ignored", "package", "problem"),
    [
        ("", None, True, ""),
        ("", f"*\n{OWN}", True, "itemsvc.E015) .dockerignore leaves the app loans out of the image."),
        ("", f"*\n{OWN}!loans/", True, ""),
        ("elsewhere", None, True, "which is not in the image."),
        ("", None, False, "itemsvc.E016) The app loans has no __init__.py"),
    ],
)
def test_an_app_that_the_image_has_not(
    tmp_path: Path, *, where: str, ignored: str | None, package: bool, problem: str
) -> None:
    base = tmp_path / "base"
    app = (tmp_path / where if where else base) / "loans"
    app.mkdir(parents=True)
    base.mkdir(exist_ok=True)
    if package:
        (app / "__init__.py").touch()
    if ignored is not None:
        (base / ".dockerignore").write_text(ignored)
    (base / "own_settings.py").write_text(
        "from pathlib import Path\nfrom itemsvc.settings import *\n"
        f"INSTALLED_APPS = [*INSTALLED_APPS, 'loans']\nBASE_DIR = Path({str(base)!r})\n"
    )
    for name in ("itemsvc", *settings.RESOURCES):
        (base / name).symlink_to(ROOT / name)
    environment = PRODUCTION | {
        "DJANGO_SETTINGS_MODULE": "own_settings",
        "PYTHONPATH": os.pathsep.join([str(base), str(app.parent)]),
    }
    code = "from django.core.management import execute_from_command_line as run; run(['', 'check', '--deploy'])"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=base, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert problem in result.stderr
    assert result.returncode == (1 if problem else 0), result.stderr


def test_env_example_lists_every_variable() -> None:
    sources = [*ROOT.glob("itemsvc/*.py"), ROOT / "gunicorn.conf.py"]
    read = {
        name
        for source in sources
        for name in re.findall(r"""(?:env|Env\(\))\.\w+\(\s*["']([A-Z_]+)["']""", source.read_text())
    }  # fmt: skip
    listed = set(re.findall(r"^#?([A-Z_]+)=", Path(ROOT / ".env.example").read_text(), re.MULTILINE))
    assert len(read) > 15
    assert listed == read


def test_the_connection_has_its_limits(db: None, settings) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('TimeZone')")
        assert cursor.fetchone() == ("10s", "UTC")
    assert connection.settings_dict["CONN_HEALTH_CHECKS"] is True
    assert connection.settings_dict["CONN_MAX_AGE"] == 300


@pytest.mark.parametrize(
    ("limits", "given", "options"),
    [
        ({"statement_timeout": 7}, {}, "-c statement_timeout=7"),
        ({"statement_timeout": 7}, {"options": "-c work_mem=1MB"}, "-c statement_timeout=7 -c work_mem=1MB"),
        ({}, {"options": "-c work_mem=1MB"}, "-c work_mem=1MB"),
        ({}, {}, None),
    ],
)
def test_limits_and_the_url_make_the_start_up_parameter(limits: dict, given: dict, options: str | None) -> None:
    assert connection_options(given, 5, limits).get("options") == options


OF_ANOTHER_MACHINE = """
import os
from pathlib import Path
from itemsvc.core import capacity

capacity.CGROUP = Path({cgroup!r})
os.sched_getaffinity = lambda process: range(8)
exec(Path({config!r}).read_text())
"""


@pytest.mark.slow
@pytest.mark.parametrize(("quota", "workers"), [("25000 100000", 1), ("200000 100000", 2), ("150000 100000", 1)])
def test_workers_follow_the_cpu_quota(quota: str, workers: int, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    config = tmp_path / "gunicorn.conf.py"
    config.write_text(OF_ANOTHER_MACHINE.format(cgroup=str(tmp_path), config=str(ROOT / "gunicorn.conf.py")))
    result = run("-m", "gunicorn", "--print-config", "-c", str(config), **PRODUCTION, PYTHONPATH=str(ROOT))
    assert re.search(rf"^workers\s+= {workers}$", result.stdout, re.MULTILINE), result.stdout + result.stderr


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        # pragma: allowlist nextline secret
        ("postgres://a:p%2Fw@db/d", {"USER": "a", "PASSWORD": "p/w", "HOST": "db", "NAME": "d", "PORT": ""}),
        ("postgresql://db:5433/d?user=a&password=b", {"USER": "a", "PASSWORD": "b", "PORT": "5433"}),
        ("postgres://a:b@%2Fvar%2Frun%2Fpg/d", {"HOST": "/var/run/pg", "NAME": "d"}),
        ("postgres:///d?host=/var/run/pg", {"HOST": "/var/run/pg", "NAME": "d"}),
        ("postgres://a@db1:5432,db2:5433/d", {"HOST": "db1,db2", "PORT": "5432,5433"}),
        ("postgres://a@[::1]:5432/d", {"HOST": "::1", "PORT": "5432"}),
    ],
)
def test_a_database_url_is_read_as_libpq_reads_it(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: dict[str, str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    config = Env().database("DATABASE_URL")
    assert {name: config[name] for name in expected} == expected
    assert config["OPTIONS"] == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("conn_max_age=5", "has the parameter conn_max_age, which libpq does not have"),
        ("pool=true", "has the parameter pool, which libpq does not have"),
        ("sslmode=require&sslmode=disable", "has the parameter sslmode more than once"),
        ("sslmode=%ZZs3cret", "percent-encode"),
        ("S3cret!=1", "percent-encode"),
    ],
)
def test_what_libpq_does_not_take_is_refused_by_name(query: str, problem: str) -> None:
    result = load(**PRODUCTION | {"DATABASE_URL": f"postgres://app:s3cret@db/d?{query}"})
    assert (result.returncode, result.stderr.count("\n")) == (1, 1), result.stderr
    assert problem in result.stderr
    assert "s3cret" not in result.stderr.lower()


@pytest.mark.slow
def test_the_url_is_stronger_than_the_defaults_of_a_connection() -> None:
    query = "keepalives_idle=7&connect_timeout=2&options=-c%20statement_timeout%3D77&sslmode=require"
    code = "from itemsvc.settings import DATABASES; print(DATABASES['default']['OPTIONS'])"
    shown = run("-c", code, **PRODUCTION | {"DATABASE_URL": f"postgres://app:secret@db/d?{query}"}).stdout
    options = ast.literal_eval(shown)
    assert (options["keepalives_idle"], options["connect_timeout"], options["sslmode"]) == ("7", "2", "require")
    assert (options["keepalives_count"], options["application_name"]) == (2, "itemsvc")
    assert options["options"].endswith(" -c statement_timeout=77")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b'\xef\xbb\xbfA="v" # note\r\nB=\'w # x\'\n\n# C=1\nexport D=a#b # c\nE=\nF="a\\"b\\n"\nG= # none\n',
         {"A": "v", "B": "w # x", "D": "a#b", "E": "", "F": 'a"b\\n', "G": ""}),
        ("A=é".encode(), {"A": "é"}),
    ],
)  # fmt: skip
def test_a_file_of_variables(tmp_path: Path, text: bytes, values: dict[str, str]) -> None:
    (tmp_path / ".env").write_bytes(text)
    assert env_file.read(tmp_path / ".env") == values


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"PASSWORD: s3cret", ".env, line 2, is not NAME=VALUE"),
        (b"PASSWORD = s3cret", ".env, line 2, is not NAME=VALUE"),
        (b"s3cret", ".env, line 2, is not NAME=VALUE"),
        (b'PASSWORD="s3cret', ".env, line 2, PASSWORD has a quote that does not end its value on this line"),
        (b"PASSWORD='s3\ncret'", ".env, line 2, PASSWORD has a quote"),
        (b'PASSWORD="s3cret"x', ".env, line 2, PASSWORD has a quote"),
        (b'PASSWORD="s3cret\\"', ".env, line 2, PASSWORD has a quote"),
        (b"PASSWORD=s3cret\xe9", ".env, line 2, is not UTF-8"),
        (b"PASSWORD=s3cret\0", ".env, line 2, PASSWORD has a null character"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_without_its_value(
    tmp_path: Path, line: bytes, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes(b"DEBUG=true\n" + line + b"\nOTHER=1\n")
    with pytest.raises(SystemExit) as ended:
        env_file.load(tmp_path / ".env")
    assert str(ended.value).startswith(f"itemsvc: {problem}")
    assert "cret" not in str(ended.value) + "".join(capsys.readouterr())
    assert "OTHER" not in os.environ


def test_the_environment_is_stronger_than_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILE_AND_ENVIRONMENT", "environment")
    (tmp_path / ".env").write_text("FILE_AND_ENVIRONMENT=file\n")
    env_file.load(tmp_path / ".env")
    assert os.environ["FILE_AND_ENVIRONMENT"] == "environment"
