"""`make app NAME=orders`: creates and registers an app with one resource."""

from __future__ import annotations

import argparse
import importlib.util
import keyword
import re
import sys
from pathlib import Path

from django.core.management.commands.startapp import Command as StartApp

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "dev" / "app_template"
#: Paths and app labels that the service uses.
RESERVED = frozenset(
    "admin auth contenttypes db health limits messages postgres resources schema sessions staticfiles".split()
)


def main() -> int:
    """Creates the app; ends the process with one sentence if the name is not possible."""
    parser = argparse.ArgumentParser(prog="make app", description=__doc__)
    parser.add_argument("name", help="the name of the app and its path: a plural, such as orders")
    parser.add_argument("one", nargs="?", help="the singular, if it is not the plural without its last s")
    options = parser.parse_args()
    name, one = options.name, options.one or singular(options.name)
    refuse(name, one)
    start(name, one)
    register(name)
    print(f"Created {name}/ and registered it in itemsvc/settings.py, pyproject.toml and terraform/variables.tf.")
    return 0


def singular(name: str) -> str:
    """The singular: `order` for `orders`, `category` for `categories`. A name without a last s stays as it is."""
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def refuse(name: str, one: str) -> None:
    """Ends the process if the app cannot have these names."""
    for word in (name, one):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", word) or keyword.iskeyword(word):
            sys.exit(
                f"{word!r} cannot be the name of an app: use lower-case letters, digits, underscores, like orders."
            )
    if one == name:
        sys.exit(f"The singular of {name} is unknown. Name it: make app NAME={name} ONE=…")
    if (ROOT / name).exists() or importlib.util.find_spec(name):
        sys.exit(f"{name!r} is taken: a package of that name exists. Choose another name.")
    if name in RESERVED:
        sys.exit(f"{name!r} is taken: the service has a path or an app of that name. Choose another name.")


def start(name: str, one: str) -> None:
    """Runs Django's startapp with this project's template, which also needs `model`, `model_list` and `one`."""
    model, model_list = (word.title().replace("_", "") for word in (one, name))
    StartApp().handle(
        name=name, directory=None, template=str(TEMPLATE), extensions=["py"], files=[], exclude=[], verbosity=0,
        model=model, model_list=model_list, one=one.replace("_", " "),
    )  # fmt: skip


def register(name: str) -> None:
    """Adds the app to the lists of the service's resources."""
    append("itemsvc/settings.py", r"(?m)^(RESOURCES: list\[str\] = \[)(.*)(\])$", name)
    append("pyproject.toml", r"(?m)^(root_packages = \[)(.*)(\])$", name)
    append("terraform/variables.tf", r'(?s)(variable "resources" \{.*?default += \[)(.*?)(\])', name)
    layer("pyproject.toml", name)


def layer(path: str, name: str) -> None:
    """Adds the app to the resources' layer of import-linter. The layer is empty after the sample's removal."""
    text = (ROOT / path).read_text()
    found = re.search(r'(?m)^  (?:"(.*)", )?# resources$', text)
    if not found:
        sys.exit(f"{path} has no layer of resources any more: add {name!r} to the contract of import-linter.")
    names = f"{found[1]} : {name}" if found[1] else name
    (ROOT / path).write_text(text.replace(found[0], f'  "{names}", # resources', 1))


def append(path: str, pattern: str, name: str) -> None:
    """Adds the name to the list that the pattern finds. Its groups are the text before, in and after the list."""
    file = ROOT / path
    found = re.search(pattern, file.read_text())
    if not found:
        sys.exit(f"{path} has no list of resources any more: add {name!r} where the service's apps are named.")
    before, names, after = found.groups()
    names = f'{names}, "{name}"' if names else f'"{name}"'
    file.write_text(file.read_text().replace(found[0], f"{before}{names}{after}", 1))


if __name__ == "__main__":
    sys.exit(main())
