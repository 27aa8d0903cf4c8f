"""Team searches: saved by one person, visible to all, each with the viewer's own news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import NotOwner, SearchNotStored
from app.insight.news import newer
from app.query.search_links import clean_name, named, parse_links, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.query.display import Display
    from app.query.search import Search
    from app.query.search_links import NamedSearch
    from app.records.searches import TeamSearch, TeamSearchStore


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who uses the team searches; without a sign-in, both texts are empty."""

    id: str = ""
    name: str = ""

    def may_change(self, owner_id: str) -> bool:
        """Tell whether this person may change what `owner_id` has stored."""
        return self.id == owner_id


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import: names of searches, and the lines that are not understood."""

    added: tuple[str, ...]
    known: tuple[str, ...]  # were stored already
    unread: tuple[str, ...]


class TeamSearches:
    """The team searches of one application. Methods raise StoreFailed."""

    def __init__(
        self,
        store: TeamSearchStore,
        *,
        names: Callable[[], Mapping[str, str]],
        clock: Callable[[], float],
    ) -> None:
        """Open nothing yet. `names` returns those of collections, by id."""
        self._store = store
        self._names = names
        self._clock = clock

    def listed(self, visitor: Visitor) -> list[TeamSearch]:
        """Return every team search, by name."""
        return self._store.listed(visitor.id)

    def get(self, search_id: str, visitor: Visitor) -> TeamSearch:
        """Return one. Raises NotFound."""
        return self._store.get(search_id, visitor.id)

    def save(
        self, name: str, search: Search, display: Display, visitor: Visitor, *, site: str
    ) -> tuple[TeamSearch, bool]:
        """Store a search; return it and True, or the same one that is stored already and False.

        Raises SearchNotStored.
        """
        found = named(name, search, display, self._names())
        return self._add([found], visitor, site)[0]

    def import_text(self, text: str, visitor: Visitor, *, site: str) -> Imported:
        """Store the searches of a text (`app.query.search_links`). Raises SearchNotStored."""
        links, unread = parse_links(text)
        saved = self._add(links, visitor, site) if links else []
        return Imported(
            added=tuple(each.name for each, is_new in saved if is_new),
            known=tuple(each.name for each, is_new in saved if not is_new),
            unread=tuple(unread),
        )

    def rename(self, search_id: str, name: str, visitor: Visitor) -> None:
        """Give a search another name. Raises NotFound, NotOwner, SearchNotStored."""
        self._check_owner(search_id, visitor)
        if not (name := clean_name(name)):
            raise SearchNotStored("The name is empty. Go back and type one.", field="name")
        self._store.rename(search_id, name)

    def delete(self, search_id: str, visitor: Visitor) -> str:
        """Delete a search and return its name. Raises NotFound, NotOwner."""
        name = self._check_owner(search_id, visitor).name
        self._store.delete(search_id)
        return name

    def note_seen(self, search_id: str, visitor: Visitor) -> None:
        """Store that the visitor looks at a search now. Raises NotFound."""
        self._store.note_seen(search_id, visitor.id, self._clock())

    def _add(
        self, searches: Sequence[NamedSearch], visitor: Visitor, site: str
    ) -> list[tuple[TeamSearch, bool]]:
        owner = (visitor.id, visitor.name)
        return self._store.add(searches, site=site, owner=owner, now=self._clock())

    def _check_owner(self, search_id: str, visitor: Visitor) -> TeamSearch:
        found = self._store.get(search_id, visitor.id)
        if not visitor.may_change(found.owner_id):
            raise NotOwner(f"“{found.name}” was saved by {found.owner_name}.")
        return found


def news_of(found: TeamSearch) -> Search | None:
    """Return the search for what is new since the viewer has last looked; None: not countable."""
    return newer(stored(found.suffix)[0], found.seen)
