"""`make rename`, and the README's removal of the sample, in a clone; then its checks and its tests."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.own import document
from tests.own.project import Project
from tests.support.service import ROOT

pytestmark = pytest.mark.slow
#: Renaming, removing the sample, and a resource of one's own.
README = document.blocks(ROOT / "README.md", "Make it yours")
#: What the requirements install has nothing to do with a name or an app, and takes minutes.
LEFT_OUT = "--ignore=tests/install/test_requirements.py"


@pytest.fixture(scope="module")
def clone() -> Iterator[Project]:
    """A clone as it is."""
    made = Project()
    made.clone()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def renamed(clone: Project) -> Project:
    """The clone under another name, without the sample, both as the README says."""
    for block in README[:2]:
        clone.run(block.text)
    return clone


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Order-Service", "cannot be the name"),
        ("9lives", "cannot be the name"),
        ("class", "cannot be the name"),
        ("a" * 21, "cannot be the name"),
        ("json", "is taken"),
        ("tests", "is taken"),
        ("", "are required: name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(clone: Project, name: str, complaint: str) -> None:
    code, said = clone.attempt(f"make rename NAME={name}")
    assert (code, complaint in said) == (2, True), said
    assert clone.run("git status --porcelain") == ""


def test_a_tree_with_changes_is_refused(clone: Project) -> None:
    clone.run("echo changed >> LICENSE")
    code, said = clone.attempt("make rename NAME=ordersvc")
    assert (code, "uncommitted changes" in said) == (2, True), said
    assert clone.run("git status --porcelain") == " M LICENSE\n"
    clone.run("git checkout --quiet LICENSE")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("items", "is taken"),
        ("tests", "is taken"),
        ("sessions", "is taken"),
        ("Orders", "cannot be the name of an app"),
        ("class", "cannot be the name of an app"),
        ("sheep", "ONE="),
        ("", "are required: name"),
    ],
)
def test_an_app_that_cannot_be_is_refused(clone: Project, name: str, complaint: str) -> None:
    code, said = clone.attempt(f"make app NAME={name}")
    assert (code, complaint in said) == (2, True), said
    assert clone.run("git status --porcelain") == ""


def test_nothing_has_the_old_name(renamed: Project) -> None:
    old = next(path.parent.name for path in ROOT.glob("*/settings.py"))
    assert renamed.run(f"git grep --untracked -il {old} || true") == ""
    assert not re.search(old, renamed.run("git ls-files --cached"), re.IGNORECASE)
    assert not (renamed.root / "items").exists()


def test_its_checks_pass(renamed: Project) -> None:
    renamed.run("make lint")


def test_its_tests_pass(renamed: Project) -> None:
    said = renamed.run(f"make test ARGS={LEFT_OUT}")
    assert int(re.findall(r"(\d+) passed", said)[-1]) > 2000


def test_a_new_resource_takes_the_samples_place(renamed: Project) -> None:
    renamed.run(README[2].text)
    renamed.run('make test ARGS=orders && "$VENV"/bin/lint-imports --no-cache')
    assert '"orders", # resources' in (renamed.root / "pyproject.toml").read_text()
    assert 'default     = ["orders"]' in (renamed.root / "terraform" / "variables.tf").read_text()
