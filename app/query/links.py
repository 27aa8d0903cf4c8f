"""Addresses of searches that differ from one in filters, display or page.

A results page has some forty such links. Filters, display and paging do not depend on each other,
so that such an address is made by replacing parameters, without building a `Search`. Words and
examples change other values of a search (a ratio, the order): those links are made from a `Search`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from app.query.display import PARAMETERS as DISPLAYED
from app.query.params import MOST_VALUES, PARAMETERS, clean, longest
from app.query.search import urlencoded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from app.query.display import Display
    from app.query.search import Pairs, Search

Values = tuple[str, ...]

_FIELDS: Final = [name.partition(".")[0] for name in PARAMETERS]


def _canonically(name: str) -> tuple[int, str]:
    """Sort key of a parameter: the modes of a facet stay together."""
    return _FIELDS.index(name.partition(".")[0]), name


_NAMES: Final = (*sorted(PARAMETERS, key=_canonically), *DISPLAYED)
_position: Final = {name: at for at, name in enumerate(_NAMES)}.__getitem__


class SearchLinks:
    """The parameters of the address of a search and its display. Immutable."""

    __slots__ = ("_pieces", "_values")

    def __init__(self, values: Mapping[str, Values]) -> None:
        """Take the values of each parameter, in canonical order."""
        self._values = values
        self._pieces = {name: _piece(name, of_one) for name, of_one in values.items()}

    @classmethod
    def of(cls, search: Search, display: Display) -> Self:
        """Return the links from a search and its display."""
        return cls(_grouped((*search.pairs(), *display.pairs())))

    @property
    def start(self) -> SearchLinks:
        """The links from the first page of the search."""
        values = {name: each for name, each in self._values.items() if name != "page"}
        if "offset" in values:
            values["offset"] = ("0",)
        return SearchLinks(values)

    def url(self, changes: Mapping[str, Values] | None = None, path: str = "/") -> str:
        """Return the address with other values of some parameters; no values remove a parameter."""
        pieces = self._pieces
        if changes:
            pieces = {**pieces, **{name: _piece(name, changes[name]) for name in changes}}
        query = "&".join([pieces[name] for name in sorted(pieces, key=_position) if pieces[name]])
        return f"{path}?{query}" if query else path

    def page(self, path: str, pairs: Pairs) -> str:
        """Return the address of another page with this search, and parameters of its own first."""
        rest = self.url().partition("?")[2]
        query = "&".join(part for part in (urlencoded(pairs), rest) if part)
        return f"{path}?{query}" if query else path

    def without(self, name: str, value: str) -> str:
        """Return the address without one value of a parameter."""
        return self.url({name: tuple(each for each in self._values[name] if each != value)})

    def adding(self, name: str, value: str) -> str:
        """Return the address with one more value of a facet; see `can_add`."""
        return self.url({name: tuple(sorted({*self._values.get(name, ()), value}))})

    def can_add(self, name: str, value: str) -> bool:
        """Tell whether a value can be added unchanged: it is valid, and there is room for it."""
        is_valid = 0 < len(value) <= longest(name) and clean(value) == value
        return is_valid and len(self._values.get(name, ())) < MOST_VALUES

    def at(self, first: int, *, size: int) -> str:
        """Return the address of the page of `size` hits that starts at hit `first`, from 0."""
        if "offset" in self._values:
            return self.url({"offset": (str(first),)})
        page = first // size + 1
        return self.url({"page": (str(page),) if page != 1 else ()})


def changes_to(display: Display) -> dict[str, Values]:
    """Return the `changes` of `SearchLinks.url` that lead to another display."""
    return {**dict.fromkeys(DISPLAYED, ()), **_grouped(display.pairs())}


def _grouped(pairs: Pairs) -> dict[str, Values]:
    values: dict[str, Values] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return values


@lru_cache(maxsize=4096)
def _piece(name: str, values: Values) -> str:
    return urlencoded((name, each) for each in values)
