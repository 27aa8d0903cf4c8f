"""The type of the fixture `soup`: it requests a page and parses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bs4 import BeautifulSoup


class Soup(Protocol):
    """`soup("/?query=castle")`, or `soup(path, status=400)`."""

    def __call__(self, path: str, status: int = 200) -> BeautifulSoup: ...
