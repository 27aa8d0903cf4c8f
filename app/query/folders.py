"""The folders of a library: the field that has them, and which folders are above a path."""

from __future__ import annotations

from typing import Final

FIELD: Final = "path"


def above(path: str) -> tuple[str, ...]:
    """Return the folders that a file or folder is in, from the top: `a` and `a/b` for `a/b/c`."""
    parts = path.split("/")
    return tuple("/".join(parts[:depth]) for depth in range(1, len(parts)))
