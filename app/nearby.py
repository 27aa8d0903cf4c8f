"""Nearby: the addresses of the searches around one, spelled out of the pieces of its own.

A page of results has some forty links to searches that differ from its own in a filter, in how it
is shown, or in the page. Filters, display and paging mean nothing to each other, so the address of
such a neighbour is this one's with a few pieces exchanged: no `Search` is made for it. Words and
examples do change what else a search says (a ratio, an order): those neighbours are `Search`es.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from app.display import PARAMETERS as DISPLAYED
from app.reading import MOST_FACET_TEXT, MOST_VALUES, PARAMETERS, clean
from app.search import spelled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from app.display import Display
    from app.search import Pairs, Search

Values = tuple[str, ...]

_FIELDS: Final = [name.partition(".")[0] for name in PARAMETERS]


def _canonically(name: str) -> tuple[int, str]:
    """Where a parameter stands: a facet's three modes together."""
    return _FIELDS.index(name.partition(".")[0]), name


_NAMES: Final = (*sorted(PARAMETERS, key=_canonically), *DISPLAYED)
_place: Final = {name: place for place, name in enumerate(_NAMES)}.__getitem__


class Nearby:
    """What the address of a search says, parameter by parameter. Immutable."""

    __slots__ = ("_pieces", "_values")

    def __init__(self, values: Mapping[str, Values]) -> None:
        """`values` are those of each parameter, in canonical order."""
        self._values = values
        self._pieces = {name: _piece(name, of_one) for name, of_one in values.items()}

    @classmethod
    def of(cls, search: Search, display: Display) -> Self:
        """The neighbourhood of a search, shown in one way."""
        return cls(_grouped((*search.pairs(), *display.pairs())))

    @property
    def start(self) -> Nearby:
        """The same from its first page."""
        values = {name: each for name, each in self._values.items() if name != "page"}
        if "offset" in values:
            values["offset"] = ("0",)
        return Nearby(values)

    def url(self, changes: Mapping[str, Values] | None = None, path: str = "/") -> str:
        """The address with other values of some parameters; with none, without the parameter."""
        pieces = self._pieces
        if changes:
            pieces = {**pieces, **{name: _piece(name, changes[name]) for name in changes}}
        query = "&".join([pieces[name] for name in sorted(pieces, key=_place) if pieces[name]])
        return f"{path}?{query}" if query else path

    def without(self, name: str, value: str) -> str:
        """The address without one value of a parameter."""
        return self.url({name: tuple(each for each in self._values[name] if each != value)})

    def adding(self, name: str, value: str) -> str:
        """The address with one more value of a facet, which has room for it (`can_add`)."""
        return self.url({name: tuple(sorted({*self._values.get(name, ()), value}))})

    def can_add(self, name: str, value: str) -> bool:
        """Tell whether a value is one as it stands: not empty, not too long, not one too many."""
        is_one = 0 < len(value) <= MOST_FACET_TEXT and clean(value) == value
        return is_one and len(self._values.get(name, ())) < MOST_VALUES

    def at(self, first: int, *, size: int) -> str:
        """The address of the page of `size` hits that begins with a hit, counted from 0."""
        if "offset" in self._values:
            return self.url({"offset": (str(first),)})
        page = first // size + 1
        return self.url({"page": (str(page),) if page != 1 else ()})


def changes_to(display: Display) -> dict[str, Values]:
    """What an address says where a page is shown in one way: the `changes` of `Nearby.url`."""
    return {**dict.fromkeys(DISPLAYED, ()), **_grouped(display.pairs())}


def _grouped(pairs: Pairs) -> dict[str, Values]:
    values: dict[str, Values] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return values


@lru_cache(maxsize=4096)
def _piece(name: str, values: Values) -> str:
    return spelled((name, each) for each in values)
