"""Frozen searches: the hits of a search as they were at one moment, in their order."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from app.errors import NotFound, SearchNotStored
from app.records.ids import RecordId
from app.storage.database import metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.storage.database import Database

MOST_FROZEN: Final = 200  # of one person
MOST_LISTED: Final = 100  # of a list

frozen_searches: Final = sa.Table(
    "frozen_searches",
    metadata,
    sa.Column("id", RecordId(40), primary_key=True),
    sa.Column("scope", sa.String(64), nullable=False),  # the API that was searched
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("suffix", sa.Text, nullable=False),
    sa.Column("hits", sa.Text, nullable=False),  # ids and names, as a JSON array of pairs
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("is_complete", sa.Boolean, nullable=False),
    sa.Column("owner_id", sa.Text, nullable=False),
    sa.Column("owner_name", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
)


@dataclass(frozen=True, slots=True)
class FrozenHit:
    """A hit as it was: its name is shown where the asset does not exist any more."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class FrozenSearch:
    """The hits of a search at `created`, in seconds since 1970. `hits` is empty in a list."""

    id: str
    title: str
    suffix: str  # the query string of the search and its display, with its `?`
    hits: tuple[FrozenHit, ...]
    size: int
    is_complete: bool  # all hits that there were, and not only the first
    owner_id: str
    owner_name: str
    created: float


class FrozenSearchStore:
    """The frozen searches of one API. Methods raise StoreFailed where the database fails."""

    def __init__(self, database: Database, scope: str) -> None:
        """Open nothing yet. `scope` names the API: searches of others are not shown."""
        self._database = database
        self._scope = scope

    def add(
        self,
        title: str,
        suffix: str,
        hits: Sequence[FrozenHit],
        *,
        is_complete: bool,
        owner: tuple[str, str],
        now: float,
    ) -> FrozenSearch:
        """Store hits and return them. Raises SearchNotStored where the owner has too many."""
        owner_id, owner_name = owner
        row: dict[str, Any] = {
            "id": f"frozen_{secrets.token_hex(12)}",
            "scope": self._scope,
            "title": title,
            "suffix": suffix,
            "hits": json.dumps([[each.id, each.name] for each in hits]),
            "size": len(hits),
            "is_complete": is_complete,
            "owner_id": owner_id,
            "owner_name": owner_name,
            "created": now,
        }
        table = frozen_searches.c
        own = sa.and_(table.scope == self._scope, table.owner_id == owner_id)
        with self._database.writing() as connection:
            count = connection.execute(sa.select(sa.func.count()).where(own)).scalar() or 0
            if count >= MOST_FROZEN:
                raise SearchNotStored(f"You have {count} frozen searches.")
            connection.execute(sa.insert(frozen_searches), row)
        return _frozen(row)

    def get(self, frozen_id: str) -> FrozenSearch:
        """Return one with its hits. Raises NotFound."""
        query = sa.select(frozen_searches).where(self._is(frozen_id))
        row = None
        if not self._database.is_empty:
            with self._database.reading() as connection:
                row = connection.execute(query).first()
        if row is None:
            raise NotFound("There is no such frozen search. It may have been deleted.")
        return _frozen(row._asdict())

    def listed(self) -> list[FrozenSearch]:
        """Return the newest ones, without their hits."""
        if self._database.is_empty:
            return []
        table = frozen_searches.c
        columns = [each for each in table if each.name != "hits"]
        query = sa.select(*columns).where(table.scope == self._scope)
        query = query.order_by(table.created.desc(), table.id).limit(MOST_LISTED)
        with self._database.reading() as connection:
            return [_frozen(row._asdict()) for row in connection.execute(query)]

    def delete(self, frozen_id: str) -> None:
        """Delete one; nothing happens where it is not there."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(frozen_searches).where(self._is(frozen_id)))

    def _is(self, frozen_id: str) -> sa.ColumnElement[bool]:
        return sa.and_(frozen_searches.c.id == frozen_id, frozen_searches.c.scope == self._scope)


def _frozen(row: dict[str, Any]) -> FrozenSearch:
    names = ("id", "title", "suffix", "size", "is_complete", "owner_id", "owner_name", "created")
    hits = tuple(FrozenHit(*pair) for pair in json.loads(row.get("hits", "[]")))
    return FrozenSearch(**{name: row[name] for name in names}, hits=hits)
