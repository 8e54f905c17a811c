"""Another developer adds a field to a copy of the app: every way to read and write a gadget follows the serializer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.service import ROOT, Service

pytestmark = pytest.mark.slow

FIELDS = 'fields = ("id", "name", "description", "created_at")'
META = "    class Meta(Resource.Meta):"
COLUMN = (META, f"    quantity = models.IntegerField(default=1, db_default=1)\n\n{META}")
NAMED = (FIELDS, FIELDS.replace('"name", ', '"name", "quantity", '))
METHOD = """    shout = serializers.SerializerMethodField()

    def get_shout(self, gadget: Gadget) -> str:
        return gadget.name.upper()

"""
COMPUTED = ("    class Meta:", f"{METHOD}    class Meta:")
SHOWN = (FIELDS, FIELDS.replace("created_at", 'created_at", "shout'))
RESOURCES = "from itemsvc.resources.serializers import ResourceSerializer\n"
FILTER = (
    "    class Meta:",
    '    described = TextFilter(field_name="description", lookup_expr="icontains")\n\n    class Meta:',
)
IMPORTED = (RESOURCES, f"from rest_framework import serializers\n\n{RESOURCES}")


class Copy(Service):
    """The service from a copy of its code."""

    def __init__(self, database_url: str, root: Path):
        self.root = root
        super().__init__(database_url)

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replaces text in a file of the app; each must be there."""
        path = self.root / "tests/sample" / name
        text = path.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text)

    def fast_path(self) -> str:
        """What the fast path takes of gadgets: methods, and the filters of their list."""
        code = """from itemsvc.wsgi import application
taken = [(*key, each) for ways in (application._exact, application._below) for key, each in ways.items()]
taken = [(method, each.operation) for method, path, each in taken if path == "/gadgets"]
print(*(method for method, _ in taken), *(name for _, each in taken for name in getattr(each, "filters", ())))"""
        return self.manage("shell", "--no-imports", "-c", code, check=True).stdout

    def begin(self) -> None:
        """Migrates and serves."""
        self.manage("makemigrations", "sample", check=True)
        self.manage("migrate", "--noinput", "--verbosity=0", check=True)
        self.__enter__()


@pytest.fixture
def copy(tmp_path: Path, new_database: Callable[[str], str]) -> Iterator[Copy]:
    for package in ROOT.glob("*/__init__.py"):
        shutil.copytree(package.parent, tmp_path / package.parent.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, tmp_path)
    service = Copy(new_database(f"copied_{tmp_path.name[-20:].lower().replace('-', '_')}"), tmp_path)
    yield service
    if hasattr(service, "process"):
        service.__exit__(None, None, None)


def everywhere(service: Service, member: str) -> list[object]:
    """The member of one gadget, as each way shows it."""
    made = service.post("/gadgets", json={"name": "ash"}).json()
    gadget = service.get(f"/gadgets/{made['id']}").json()
    [listed] = service.get("/gadgets").json()
    [found] = service.get("/gadgets?search=ash").json()
    streamed = json.loads(service.get("/gadgets", headers={"Accept": "application/x-ndjson"}).content)
    assert made == gadget == listed == found == streamed
    assert member in service.get("/schema", headers={"Accept": "application/json"}).text
    assert member in service.get(f"/gadgets/{made['id']}", headers={"Accept": "text/html"}).text
    return list(gadget.items())


def test_a_new_column_is_everywhere_and_still_on_the_fast_path(copy: Copy) -> None:
    before = copy.fast_path()
    copy.edit("models.py", COLUMN)
    copy.edit("serializers.py", NAMED)
    copy.begin()
    assert ("quantity", 1) in everywhere(copy, "quantity")
    assert copy.fast_path() == before
    assert "POST" in before
    assert copy.post("/gadgets", json={"name": "b", "quantity": 7}).json()["quantity"] == 7
    assert copy.post("/gadgets", json={"name": "b", "quantity": "x"}).status_code == 400


def test_a_computed_member_is_everywhere_on_drfs_path(copy: Copy) -> None:
    copy.edit("serializers.py", IMPORTED, COMPUTED, SHOWN)
    copy.begin()
    assert ("shout", "ASH") in everywhere(copy, "shout")
    assert copy.fast_path().split() == ["DELETE"]  # Its answer shows no member.


def test_a_new_filter_is_on_the_fast_path_too(copy: Copy) -> None:
    before = copy.fast_path().split()
    copy.edit("filters.py", FILTER)
    copy.begin()
    copy.post("/gadgets", json=[{"name": "ash", "description": "Of oak"}, {"name": "ashes", "description": "Of elm"}])
    assert [gadget["name"] for gadget in copy.get("/gadgets?described=OAK&search=ash").json()] == ["ash"]
    assert copy.get("/gadgets?described=").json() == {"described": ["May not be empty."]}
    assert copy.fast_path().split() == [*before, "described"]
