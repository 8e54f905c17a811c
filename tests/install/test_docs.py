"""Everything that README and docs name must exist: links, anchors, files, `make` targets and settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.service import ROOT

PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md", "itemsvc/**/*.md") for path in ROOT.glob(pattern))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()}
#: What only a run makes.
MADE = (".local", ".venv", "staticfiles")
#: Variables and names in capitals that are others' than the service's.
OTHERS = re.compile(
    r"AWS_|OTEL_|TF_VAR_|TF_WORKSPACE$|DEPLOY_|TERRAFORM_|CONN_HEALTH_CHECKS$|GUNICORN_CMD_ARGS$|INSTALLED_APPS$|SCRIPT_NAME$"
)
#: What a team removes, but may still name.
SAMPLE = {"items"}
REMOVED = [
    path for path in ("itemsvc/fast", "itemsvc/server", "tests/fast", "tests/server") if not (ROOT / path).exists()
]


def anchors(page: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def missing_links(page: Path) -> list[str]:
    """Broken relative links."""
    missing = []
    for link in LINK.findall(page.read_text()):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if any(target.is_relative_to(ROOT / each) for each in REMOVED):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)
    return missing


def missing_files(page: Path) -> list[str]:
    """Paths in code quotes that do not exist in the repository or beside the page."""
    named = {word for word in CODE.findall(FENCE.sub("", page.read_text())) if re.fullmatch(r"[\w./-]+", word)}
    return sorted(
        word
        for word in named
        if ((word.split("/")[0] in FOLDERS and "/" in word) or word.endswith((".py", ".tf", ".md")))
        and not word.startswith((*MADE, *REMOVED))
        and "NAME" not in word
        and not any((folder / word).exists() for folder in (ROOT, page.parent, ROOT / "itemsvc", ROOT / "terraform"))
    )


def missing_targets(page: Path) -> list[str]:
    """`make` targets that the Makefile lacks."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    return sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)) - targets)


def missing_settings(page: Path) -> list[str]:
    """Settings that `.env.example` lacks."""
    listed = set(re.findall(r"^#?([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = re.findall(r"`(?:manage\.py )?([A-Z]+(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", page.read_text())
    return sorted({name for name in named if not OTHERS.match(name)} - listed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path) -> None:
    missing = {
        "links": missing_links(page),
        "files": missing_files(page),
        "make targets": missing_targets(page),
        "settings": missing_settings(page),
    }
    assert missing == {"links": [], "files": [], "make targets": [], "settings": []}


def test_the_readme_shows_the_packages_that_there_are() -> None:
    tree = re.search(r"^```text$(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert tree
    shown = re.findall(r"^( *)([\w.]+)/", tree[1], re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("itemsvc/*/__init__.py")} - {"management"}
    assert {name for indent, name in shown if indent} == packages | {Path(each).name for each in REMOVED}
    assert {name for indent, name in shown if not indent} <= FOLDERS | SAMPLE
