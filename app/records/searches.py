"""Team searches: saved by one person, listed for all; when each person has last looked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from app.errors import NotFound, SearchNotStored
from app.query import describe
from app.records.claims import claimed
from app.records.ids import RecordId
from app.storage.database import metadata
from app.storage.upsert import upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.query.search_links import NamedSearch
    from app.storage.database import Database

MOST_SEARCHES: Final = 500  # of one installation

searches: Final = sa.Table(
    "team_searches",
    metadata,
    sa.Column("id", RecordId(40), primary_key=True),  # a digest of scope and suffix
    sa.Column("scope", sa.String(64), nullable=False),  # the API that it searches
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("suffix", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("owner_id", sa.Text, nullable=False),
    sa.Column("owner_name", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("checked", sa.Double, nullable=False),  # when the last check for news began
    sa.Column("reported", sa.Double, nullable=False),  # until when news were reported
)
views: Final = sa.Table(
    "team_search_views",
    metadata,
    sa.Column(
        "search_id",
        RecordId(40),
        sa.ForeignKey("team_searches.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("person_id", sa.String(200), primary_key=True),
    sa.Column("seen", sa.Double, nullable=False),
)


@dataclass(frozen=True, slots=True)
class TeamSearch:
    """A search with a name. Times are seconds since 1970.

    `suffix` is the canonical query string of the search and its display, with its `?`; `site` is
    what its absolute address begins with. The owner is empty where no sign-in is needed.
    """

    id: str
    name: str
    suffix: str
    site: str
    owner_id: str
    owner_name: str
    created: float
    seen: float  # when the viewer has last opened it; when it was saved, if never


class TeamSearchStore:
    """The team searches of one API. Methods raise StoreFailed where the database does not work."""

    def __init__(self, database: Database, scope: str) -> None:
        """Open nothing yet. `scope` names the API: searches of others are not shown."""
        self._database = database
        self._scope = scope

    def listed(self, person_id: str) -> list[TeamSearch]:
        """Return every search, by name, with when a person has last seen it."""
        if self._database.is_empty:
            return []
        with self._database.reading() as connection:
            rows = connection.execute(self._seen_by(person_id))
            found = [_search(row) for row in rows]
        return sorted(found, key=lambda each: (each.name.casefold(), each.id))

    def get(self, search_id: str, person_id: str) -> TeamSearch:
        """Return one search. Raises NotFound."""
        if self._database.is_empty:
            raise _missing()
        query = self._seen_by(person_id).where(searches.c.id == search_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _missing()
        return _search(row)

    def add(
        self,
        named: Sequence[NamedSearch],
        *,
        site: str,
        owner: tuple[str, str],
        now: float,
    ) -> list[tuple[TeamSearch, bool]]:
        """Store searches, and that their owner (id and name) has seen them; all of them, or none.

        Return each and True; where the same search is stored already, that one and False. Raises
        SearchNotStored where there are too many.
        """
        with self._database.writing() as connection:
            count = sa.select(sa.func.count()).where(searches.c.scope == self._scope)
            room = MOST_SEARCHES - (connection.execute(count).scalar() or 0)
            stored: list[tuple[TeamSearch, bool]] = []
            for each in named:
                stored.append(self._add(connection, each, site=site, owner=owner, now=now))
                room -= stored[-1][1]
                if room < 0:
                    most = describe.number(MOST_SEARCHES)
                    raise SearchNotStored(f"There can be {most} team searches. None was added.")
        return stored

    def _add(
        self,
        connection: sa.Connection,
        named: NamedSearch,
        *,
        site: str,
        owner: tuple[str, str],
        now: float,
    ) -> tuple[TeamSearch, bool]:
        owner_id, owner_name = owner
        digest = hashlib.sha256(f"{self._scope}\n{named.suffix}".encode()).hexdigest()
        row = {
            "id": f"search_{digest[:24]}",
            "scope": self._scope,
            "name": named.name,
            "suffix": named.suffix,
            "site": site,
            "owner_id": owner_id,
            "owner_name": owner_name,
            "created": now,
            "checked": now,
            "reported": now,
        }
        if not upsert(connection, searches, [row], update=()):
            same = self._seen_by(owner_id).where(searches.c.id == row["id"])
            return _search(connection.execute(same).one()), False
        seen = {"search_id": row["id"], "person_id": owner_id, "seen": now}
        upsert(connection, views, [seen], update=("seen",))
        return _search_of(row, now), True

    def rename(self, search_id: str, name: str) -> None:
        """Give a search another name. Raises NotFound."""
        change = sa.update(searches).where(self._is(search_id)).values(name=name)
        with self._database.writing() as connection:
            if not connection.execute(change).rowcount:
                raise _missing()

    def delete(self, search_id: str) -> None:
        """Delete a search; nothing happens where it is not there."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(searches).where(self._is(search_id)))

    def note_seen(self, search_id: str, person_id: str, now: float) -> None:
        """Store that a person has looked at a search. Raises NotFound."""
        with self._database.writing() as connection:
            known = sa.select(searches.c.id).where(self._is(search_id))
            if connection.execute(known.with_for_update(read=True)).first() is None:
                raise _missing()
            row = {"search_id": search_id, "person_id": person_id, "seen": now}
            upsert(connection, views, [row], update=("seen",))

    # news

    def claim_check(self, now: float, interval: float) -> tuple[TeamSearch, float] | None:
        """Return a search that no process has checked within `interval` seconds.

        With the time until which its news were reported. No other process gets it until then.
        """
        if self._database.is_empty:
            return None
        table = searches.c
        is_due = sa.and_(table.scope == self._scope, table.checked <= now - interval)
        row = claimed(
            self._database, searches, is_due, order=table.checked, values={"checked": now}
        )
        if row is None:
            return None
        return _search_of(row._asdict(), row.reported), float(row.reported)

    def note_reported(self, search_id: str, until: float) -> None:
        """Store until when the news of a search were reported."""
        change = sa.update(searches).where(self._is(search_id)).values(reported=until)
        with self._database.writing() as connection:
            connection.execute(change)

    def _is(self, search_id: str) -> sa.ColumnElement[bool]:
        return sa.and_(searches.c.id == search_id, searches.c.scope == self._scope)

    def _seen_by(self, person_id: str) -> sa.Select[Any]:
        own = sa.and_(views.c.search_id == searches.c.id, views.c.person_id == person_id)
        query = sa.select(searches, views.c.seen).join(views, own, isouter=True)
        return query.where(searches.c.scope == self._scope)


def _missing() -> NotFound:
    return NotFound("There is no such team search. It may have been deleted.")


def _search(row: sa.Row[Any]) -> TeamSearch:
    return _search_of(row._asdict(), row.created if row.seen is None else row.seen)


def _search_of(values: dict[str, Any], seen: float) -> TeamSearch:
    names = ("id", "name", "suffix", "site", "owner_id", "owner_name", "created")
    return TeamSearch(**{name: values[name] for name in names}, seen=seen)
