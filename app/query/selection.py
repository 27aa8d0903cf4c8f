"""Selected assets, with the search that they were selected from.

In an address: `id` repeated, in the order of selection, then the pairs of search and display.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.errors import Problem
from app.query.display import Display
from app.query.params import MOST_LIKES, is_id
from app.query.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from app.query.search import Pairs

MOST_SELECTED: Final = 200  # the limit of one bulk call of the API
PARAMETER: Final = "id"


@dataclass(frozen=True, slots=True)
class Selection:
    """`ids` in the order of selection, each once, selected from a search and its display."""

    ids: tuple[str, ...] = ()
    search: Search = Search()  # noqa: RUF009 - frozen
    display: Display = Display()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        """Normalise: each id once."""
        object.__setattr__(self, "ids", tuple(dict.fromkeys(self.ids)))

    @classmethod
    def take(
        cls, pairs: Iterable[tuple[str, str]]
    ) -> tuple[Self, list[tuple[str, str]], list[Problem]]:
        """Return the selection that pairs contain, the other pairs, and the problems found."""
        ids: dict[str, None] = {}
        rest: list[tuple[str, str]] = []
        problems: list[Problem] = []
        for name, value in pairs:
            if name != PARAMETER:
                rest.append((name, value))
            elif is_id(value.strip()):
                ids[value.strip()] = None
            elif value.strip():
                message = "This cannot be the id of an asset."
                problems.append(Problem(name, value[:200], message))
        if len(ids) > MOST_SELECTED:
            message = f"Only the first {MOST_SELECTED} of {len(ids)} are used."
            problems.append(Problem(PARAMETER, "", message))
        return cls(tuple(ids)[:MOST_SELECTED]), rest, problems

    def pairs(self) -> Pairs:
        """Return the pairs of a URL or a form, those of search and display included."""
        return (*((PARAMETER, each) for each in self.ids), *self.origin)

    @property
    def origin(self) -> Pairs:
        """The pairs of the results that it was selected from."""
        return (*self.search.pairs(), *self.display.lasting.pairs())

    def url(self, path: str = "/selection") -> str:
        """Return the address of a page of this selection."""
        query = urlencode(self.pairs(), safe=":,")
        return f"{path}?{query}" if query else path

    def within(self, search: Search, display: Display) -> Self:
        """Return the same assets, selected from another search."""
        return replace(self, search=search, display=display)

    def of(self, ids: Iterable[str]) -> Self:
        """Return other assets, selected from the same search."""
        return replace(self, ids=tuple(ids))

    def only(self, ids: Iterable[str]) -> Self:
        """Return the selection without the assets that are not among `ids`."""
        chosen = set(ids)
        return replace(self, ids=tuple(each for each in self.ids if each in chosen))

    def as_likes(self) -> Search:
        """Return the search with these assets added as likes, up to the limit."""
        search = self.search
        for each in self.ids:
            if len(search.like) >= MOST_LIKES:
                break
            search = search.with_like(each)
        return search
