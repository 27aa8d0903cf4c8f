"""Frozen searches: stores the hits of a search, and compares them with those of today."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.errors import NotOwner, SearchNotStored
from app.query.search_links import named, stored
from app.records.frozen_searches import FrozenHit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.query.display import Display
    from app.query.search import Search
    from app.records.frozen_searches import FrozenSearch, FrozenSearchStore
    from app.scenario.assets import Asset
    from app.services.team.team_searches import Visitor

MOST_HITS: Final = 1000  # of one frozen search; a hundred cost one search of the API


@dataclass(frozen=True, slots=True)
class Changes:
    """How a search differs from its frozen hits."""

    added: tuple[Asset, ...]
    removed: tuple[FrozenHit, ...]
    is_reordered: bool  # the hits that are left have another order


class FrozenSearches:
    """The frozen searches of one application. Methods raise StoreFailed."""

    def __init__(
        self,
        store: FrozenSearchStore,
        hits_of: Callable[[Search], Iterable[Asset]],
        *,
        names: Callable[[], Mapping[str, str]],
        clock: Callable[[], float],
    ) -> None:
        """Open nothing yet.

        `hits_of` yields the hits of a search, `names` returns the names of collections, by id.
        """
        self._store = store
        self._hits_of = hits_of
        self._names = names
        self._clock = clock

    def freeze(self, name: str, search: Search, display: Display, visitor: Visitor) -> FrozenSearch:
        """Store the hits of a search, in their order. Raises SearchNotStored, UpstreamError."""
        found = named(name, search, display, self._names())
        hits = list(itertools.islice(self._hits_of(search), MOST_HITS + 1))
        if not hits:
            raise SearchNotStored("The search has no results that could be frozen.")
        return self._store.add(
            found.name,
            found.suffix,
            [FrozenHit(hit.id, hit.name) for hit in hits[:MOST_HITS]],
            is_complete=len(hits) <= MOST_HITS,
            owner=(visitor.id, visitor.name),
            now=self._clock(),
        )

    def get(self, frozen_id: str) -> FrozenSearch:
        """Return one with its hits. Raises NotFound."""
        return self._store.get(frozen_id)

    def listed(self) -> list[FrozenSearch]:
        """Return the newest ones, without their hits."""
        return self._store.listed()

    def delete(self, frozen_id: str, visitor: Visitor) -> str:
        """Delete one and return its title. Raises NotFound, NotOwner."""
        found = self._store.get(frozen_id)
        if not visitor.may_change(found.owner_id):
            raise NotOwner(f"“{found.title}” was frozen by {found.owner_name}.")
        self._store.delete(frozen_id)
        return found.title

    def changes(self, frozen: FrozenSearch) -> Changes:
        """Return what the search finds now and did not then, and the other way round.

        Of a search with more hits than are stored, only as many are compared. Raises UpstreamError.
        """
        search, _ = stored(frozen.suffix)
        most = MOST_HITS if frozen.is_complete else frozen.size
        now = {hit.id: hit for hit in itertools.islice(self._hits_of(search), most)}
        then = {hit.id: hit for hit in frozen.hits}
        return Changes(
            added=tuple(hit for each, hit in now.items() if each not in then),
            removed=tuple(hit for each, hit in then.items() if each not in now),
            is_reordered=[e for e in now if e in then] != [e for e in then if e in now],
        )
