"""The error trees in the docstrings of both `errors` modules match the classes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app import errors as app_errors
from library import errors as library_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"^ {4}(?P<indent>[│├└─ ]*)(?P<name>\w+)(?: .*?)?(?: (?P<status>[1-5]\d\d))?$")


def documented(module: ModuleType) -> Iterator[tuple[str, str, int | None]]:
    """Each (class, parent, status) of the tree in the docstring; "" is the parent of the root."""
    parents: list[str] = []
    tree = (module.__doc__ or "").split("\n\n")[1]
    for line in tree.splitlines():
        entry = ENTRY.match(line.partition(" / ")[0])
        assert entry, line
        depth = len(entry["indent"]) // 4
        del parents[depth:]
        status = int(entry["status"]) if entry["status"] else None
        yield entry["name"], parents[-1] if parents else "", status
        parents.append(entry["name"])


def defined(package: str, root: str) -> set[tuple[str, str]]:
    """Each public (class, parent) below `root` in the source files of a package."""
    bases: dict[str, list[str]] = {}
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
    found = {(root, "")}
    size = 0
    while size < len(found):
        size = len(found)
        names = {name for name, _ in found}
        found |= {(name, base) for name, of in bases.items() for base in of if base in names}
    return found


@pytest.mark.parametrize(
    ("module", "package", "root"),
    [(app_errors, "app", "AkinError"), (library_errors, "library", "LibraryError")],
    ids=["app", "library"],
)
def test_every_error_is_in_the_documented_tree(module: ModuleType, package: str, root: str) -> None:
    tree = [(name, parent) for name, parent, _ in documented(module)]
    assert sorted(tree) == sorted(defined(package, root))


@pytest.mark.parametrize("module", [app_errors, library_errors], ids=["app", "library"])
def test_documented_statuses_are_those_of_the_classes(module: ModuleType) -> None:
    statuses = {name: status for name, _, status in documented(module) if status}
    assert statuses
    assert statuses == {name: getattr(module, name).status for name in statuses}
