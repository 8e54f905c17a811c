"""`make app NAME=orders`: a new app with one resource, registered and ready to be changed."""

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
#: Paths and app labels that the service has already.
RESERVED = frozenset(
    "admin auth contenttypes db health limits messages postgres resources schema sessions staticfiles".split()
)


def main() -> int:
    """Makes the app; ends the process with one sentence for a name that cannot be one."""
    parser = argparse.ArgumentParser(prog="make app", description=__doc__)
    parser.add_argument("name", help="what the app and its path are called: a plural, such as orders")
    parser.add_argument("one", nargs="?", help="one of them, where it is not the name without its last s")
    options = parser.parse_args()
    name, one = options.name, options.one or singular(options.name)
    refuse(name, one)
    start(name, one)
    register(name)
    print(f"Made {name}/ and registered it in itemsvc/settings.py, pyproject.toml and terraform/variables.tf.")
    return 0


def singular(name: str) -> str:
    """`order` of `orders`, `category` of `categories`; the name itself where it is no plural in s."""
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def refuse(name: str, one: str) -> None:
    """Ends the process where the app cannot be called so."""
    for word in (name, one):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", word) or keyword.iskeyword(word):
            sys.exit(f"{word!r} is no name for an app: use lower-case letters, digits and underscores, like orders.")
    if one == name:
        sys.exit(f"Say what one of the {name} is called: make app NAME={name} ONE=…")
    if (ROOT / name).exists() or importlib.util.find_spec(name):
        sys.exit(f"{name!r} is taken: a package of that name exists. Choose another name.")
    if name in RESERVED:
        sys.exit(f"{name!r} is taken: the service has a path or an app of that name. Choose another name.")


def start(name: str, one: str) -> None:
    """Django's own startapp with this project's template; `model` and `one` are what the template asks for beside."""
    model, model_list = (word.title().replace("_", "") for word in (one, name))
    StartApp().handle(
        name=name, directory=None, template=str(TEMPLATE), extensions=["py"], files=[], exclude=[], verbosity=0,
        model=model, model_list=model_list, one=one.replace("_", " "),
    )  # fmt: skip


def register(name: str) -> None:
    """Adds it to the three lists of the service's resources."""
    append("itemsvc/settings.py", r"(?m)^(RESOURCES: list\[str\] = \[)(.*)(\])$", name)
    append("pyproject.toml", r"(?m)^(root_packages = \[)(.*)(\])$", name)
    append("terraform/variables.tf", r'(?s)(variable "resources" \{.*?default += \[)(.*?)(\])', name)
    layer("pyproject.toml", name)


def layer(path: str, name: str) -> None:
    """Adds it to the resources' layer of import-linter; no name is left there once the sample is gone."""
    text = (ROOT / path).read_text()
    found = re.search(r'(?m)^  (?:"(.*)", )?# resources$', text)
    if not found:
        sys.exit(f"{path} has no layer of resources any more: add {name!r} to the contract of import-linter.")
    names = f"{found[1]} : {name}" if found[1] else name
    (ROOT / path).write_text(text.replace(found[0], f'  "{names}", # resources', 1))


def append(path: str, pattern: str, name: str) -> None:
    """Puts the name into the list that the pattern finds: its three groups are what is before, in and after it."""
    file = ROOT / path
    found = re.search(pattern, file.read_text())
    if not found:
        sys.exit(f"{path} has no list of resources any more: add {name!r} where the service's apps are named.")
    before, names, after = found.groups()
    names = f'{names}, "{name}"' if names else f'"{name}"'
    file.write_text(file.read_text().replace(found[0], f"{before}{names}{after}", 1))


if __name__ == "__main__":
    sys.exit(main())
