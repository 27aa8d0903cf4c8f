"""Selection: the assets that somebody has picked, and the search they were picked from.

A small frozen value beside the `Search`, spelled in the same address: `id` repeated, in the order
of picking, then the pairs of the search. Knows nothing of HTTP and of what the assets are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.display import Display
from app.errors import Problem
from app.reading import MOST_LIKES, is_id
from app.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from app.search import Pairs

MOST_SELECTED: Final = 200  # what one bulk call of the API answers
PARAMETER: Final = "id"


@dataclass(frozen=True, slots=True)
class Selection:
    """`ids` in the order of picking, each once; picked from `search` as `display` shows it."""

    ids: tuple[str, ...] = ()
    search: Search = Search()  # noqa: RUF009 - frozen
    display: Display = Display()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        """Bring the value into its one normal form."""
        object.__setattr__(self, "ids", tuple(dict.fromkeys(self.ids)))

    @classmethod
    def take(
        cls, pairs: Iterable[tuple[str, str]]
    ) -> tuple[Self, list[tuple[str, str]], list[Problem]]:
        """Lift the ids out of pairs; answers the selection, the pairs left, what was wrong."""
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
        """Spell it as the pairs of a URL or a form, those of its search included."""
        return (*((PARAMETER, each) for each in self.ids), *self.origin)

    @property
    def origin(self) -> Pairs:
        """The pairs that lead back to where it was picked."""
        return (*self.search.pairs(), *self.display.lasting.pairs())

    def url(self, path: str = "/selection") -> str:
        """The address of this selection on a page."""
        query = urlencode(self.pairs(), safe=":,")
        return f"{path}?{query}" if query else path

    # its neighbours

    def within(self, search: Search, display: Display) -> Self:
        """The same assets, picked from another search."""
        return replace(self, search=search, display=display)

    def of(self, ids: Iterable[str]) -> Self:
        """Other assets, picked from the same search."""
        return replace(self, ids=tuple(ids))

    def only(self, ids: Iterable[str]) -> Self:
        """Those of its assets that are among `ids`."""
        kept = set(ids)
        return replace(self, ids=tuple(each for each in self.ids if each in kept))

    def as_likes(self) -> Search:
        """Its search with these as likes as well, as far as there is room for more."""
        search = self.search
        for each in self.ids:
            if len(search.like) >= MOST_LIKES:
                break
            search = search.with_like(each)
        return search
