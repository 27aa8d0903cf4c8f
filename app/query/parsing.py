"""A query string -> search, display, and the problems found in it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from app.query.display import Display
from app.query.params import limited, pairs_of
from app.query.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.errors import Problem

    Parsed = tuple[Search, Display, tuple[Problem, ...]]

MOST_CACHED: Final = 512  # query strings, of pages that are shared or reloaded
MOST_BYTES: Final = 2000  # of a query string that is cached
FIND: Final = "find"  # the parameter of a list of names: a part of them
MOST_FIND: Final = 200  # characters of it


def read(pairs: Iterable[tuple[str, str]]) -> Parsed:
    """Return the search and the display that pairs contain, and the problems found."""
    display, rest, unshown = Display.take(pairs)
    search, problems = Search.read(rest)
    return search, display, limited((*unshown, *problems))


def parse(querystring: bytes) -> Parsed:
    """Return the same of a query string as it was sent."""
    return _cached(querystring) if len(querystring) <= MOST_BYTES else read(pairs_of(querystring))


def parse_list(querystring: bytes) -> tuple[str, Search, Display]:
    """Return what is looked for in a list of names, and the search and display of its links."""
    pairs = pairs_of(querystring)
    find = next((value for name, value in reversed(pairs) if name == FIND), "")
    search, display, _ = read(pair for pair in pairs if pair[0] != FIND)
    return find[:MOST_FIND], search, display


@lru_cache(maxsize=MOST_CACHED)
def _cached(querystring: bytes) -> Parsed:
    return read(pairs_of(querystring))
