"""Another developer adds a field to a copy of the app: every way to read and write an item follows the serializer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.service import ROOT, Service

pytestmark = pytest.mark.slow

FIELDS = 'fields = ("id", "name", "description", "created_at")'
COLUMN = ("    class Meta:", "    quantity = models.IntegerField(default=1, db_default=1)\n\n    class Meta:")
NAMED = (FIELDS, FIELDS.replace('"name", ', '"name", "quantity", '))
METHOD = """    shout = serializers.SerializerMethodField()

    def get_shout(self, item: Item) -> str:
        return item.name.upper()

"""
COMPUTED = ("    class Meta:", f"{METHOD}    class Meta:")
SHOWN = (FIELDS, FIELDS.replace("created_at", 'created_at", "shout'))
MODEL = "from items.models import Item\n"
FILTER = (
    "    class Meta:",
    '    described = filters.CharFilter(field_name="description", lookup_expr="icontains")\n\n    class Meta:',
)
IMPORTED = (MODEL, f"from rest_framework import serializers\n\n{MODEL}")


class Copy(Service):
    """The service from a copy of its code."""

    def __init__(self, database_url: str, root: Path):
        self.root = root
        super().__init__(database_url)

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replaces text in a file of the app; each must be there."""
        path = self.root / "items" / name
        text = path.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text)

    def fast_path(self) -> str:
        """What the fast path takes: methods and paths, and the filters of lists."""
        code = "from itemsvc.wsgi import application as a; print(*sorted([*a._exact, *a._below]))"
        code += "; print(*[name for each in a._exact.values() for name in getattr(each, 'filters', ())])"
        return self.manage("shell", "--no-imports", "-c", code, check=True).stdout

    def begin(self) -> None:
        """Migrates and serves."""
        self.manage("makemigrations", "items", check=True)
        self.manage("migrate", "--noinput", "--verbosity=0", check=True)
        self.__enter__()


@pytest.fixture
def copy(tmp_path: Path, new_database: Callable[[str], str]) -> Iterator[Copy]:
    for name in ("items", "itemsvc"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, tmp_path)
    service = Copy(new_database(f"copied_{tmp_path.name[-20:].lower().replace('-', '_')}"), tmp_path)
    yield service
    if hasattr(service, "process"):
        service.__exit__(None, None, None)


def everywhere(service: Service, member: str) -> list[object]:
    """The member of one item, as each way shows it."""
    made = service.post("/items", json={"name": "a"}).json()
    item = service.get(f"/items/{made['id']}").json()
    [listed] = service.get("/items").json()
    [found] = service.get("/items?search=a").json()
    streamed = json.loads(service.get("/items", headers={"Accept": "application/x-ndjson"}).content)
    assert made == item == listed == found == streamed
    assert member in service.get("/schema", headers={"Accept": "application/json"}).text
    assert member in service.get(f"/items/{made['id']}", headers={"Accept": "text/html"}).text
    return list(item.items())


def test_a_new_column_is_everywhere_and_still_on_the_fast_path(copy: Copy) -> None:
    before = copy.fast_path()
    copy.edit("models.py", COLUMN)
    copy.edit("serializers.py", NAMED)
    copy.begin()
    assert ("quantity", 1) in everywhere(copy, "quantity")
    assert copy.fast_path() == before
    assert "POST" in before
    assert copy.post("/items", json={"name": "b", "quantity": 7}).json()["quantity"] == 7
    assert copy.post("/items", json={"name": "b", "quantity": "x"}).status_code == 400


def test_a_computed_member_is_everywhere_on_drfs_path(copy: Copy) -> None:
    copy.edit("serializers.py", IMPORTED, COMPUTED, SHOWN)
    copy.begin()
    assert ("shout", "A") in everywhere(copy, "shout")
    assert copy.fast_path().strip() == ""


def test_a_new_filter_is_on_the_fast_path_too(copy: Copy) -> None:
    copy.edit("filters.py", FILTER)
    copy.begin()
    copy.post("/items", json=[{"name": "a", "description": "Of oak"}, {"name": "b", "description": "Of elm"}])
    assert [item["name"] for item in copy.get("/items?described=OAK&search=a").json()] == ["a"]
    assert copy.get("/items?described=").json() == {"described": ["May not be empty."]}
    assert copy.fast_path().splitlines()[-1] == "name search described"
