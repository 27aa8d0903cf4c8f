"""What an address asks for: a search, how to show it, and what in it could not be used."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from app.display import Display
from app.reading import pairs_of
from app.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.errors import Problem

    Asked = tuple[Search, Display, tuple[Problem, ...]]

MOST_KEPT: Final = 512  # addresses that are not read again: of a page that is shared, or reloaded
MOST_BYTES: Final = 2000  # of a query string that is kept


def read(pairs: Iterable[tuple[str, str]]) -> Asked:
    """The search that pairs spell, how to show it, and what was wrong with them."""
    display, rest, unshown = Display.take(pairs)
    search, problems = Search.read(rest)
    return search, display, (*unshown, *problems)


def asked(querystring: bytes) -> Asked:
    """`read`, for a query string as it was sent."""
    return _kept(querystring) if len(querystring) <= MOST_BYTES else read(pairs_of(querystring))


@lru_cache(maxsize=MOST_KEPT)
def _kept(querystring: bytes) -> Asked:
    return read(pairs_of(querystring))
