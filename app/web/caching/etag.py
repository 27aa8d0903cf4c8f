"""Entity tags of pages: a digest of all that a page depends on."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import request

from app.auth import current_guard, permissions
from app.auth.base_path import base_path
from app.scenario import request_budget

if TYPE_CHECKING:
    from collections.abc import Iterable

_SOURCES: Final = ("app/**/*.py", "templates/**/*.html", "static/**/*.*")


@cache
def application_version(root: Path) -> str:
    """Return a digest of the application's source files; the same on every host."""
    digest = hashlib.blake2b(digest_size=8)
    for pattern in _SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def entity_tag(version: str, parts: Iterable[object]) -> str:
    """Return the tag of the page of this request.

    It depends on the API's responses so far (a page uses all of them before it has a tag), the
    URL, the signed-in person and what they may change, the application's version, and `parts`.
    """
    digest = hashlib.blake2b(request_budget.current().responses.digest, digest_size=12)
    # Pages contain their own URL; the query string in bytes, which need not be UTF-8.
    url = (request.host_url, base_path(), request.path, request.query_string)
    for part in (url, version, current_guard().viewer(), permissions.current(), *parts):
        digest.update(repr(part).encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()
