"""Stored selections: assets in an order, under an address for others that expires."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import sqlalchemy as sa

from app.errors import TooMany
from app.records.change_tables import DAY, milliseconds
from app.records.ids import RecordId
from app.storage.database import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.storage.database import Database

MOST_ASSETS: Final = 10_000
MOST_PER_USER: Final = 50  # then the oldest is deleted
KEPT_DAYS: Final = 30
_MOST_TEXT: Final = 2000  # characters of a title

selections = sa.Table(
    "selections",
    metadata,
    sa.Column("id", RecordId(40), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("assets", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSelection:
    """A selection. `origin` is the query string of the search that it was made from."""

    id: str
    owner: str  # the id of a user; "" without sign-in
    title: str
    origin: str
    asset_ids: tuple[str, ...]
    created_at: float  # seconds since 1970
    expires_at: float


class Selections:
    """The stored selections. Methods raise StoreFailed."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns seconds since 1970."""
        self._database = database
        self._clock = clock

    def add(self, owner: str, title: str, origin: str, asset_ids: Iterable[str]) -> str:
        """Store a selection and return its id. Raises TooMany."""
        ids = list(dict.fromkeys(asset_ids))
        if len(ids) > MOST_ASSETS:
            raise TooMany(f"A selection has at most {MOST_ASSETS} assets; these are {len(ids)}.")
        now = milliseconds(self._clock())
        selection_id = secrets.token_urlsafe(12)
        with self._database.writing() as connection:
            connection.execute(sa.delete(selections).where(selections.c.expires_at <= now))
            kept = (
                sa.select(selections.c.id)
                .where(selections.c.owner == owner)
                .order_by(selections.c.created_at.desc())
                .limit(MOST_PER_USER - 1)
            )
            newest = connection.scalars(kept).all()
            connection.execute(
                sa.delete(selections).where(
                    selections.c.owner == owner, selections.c.id.not_in(newest)
                )
            )
            connection.execute(
                sa.insert(selections).values(
                    id=selection_id,
                    owner=owner,
                    title=title[:_MOST_TEXT],
                    origin=origin,
                    assets=msgspec.json.encode(ids).decode(),
                    size=len(ids),
                    created_at=now,
                    expires_at=now + milliseconds(KEPT_DAYS * DAY),
                )
            )
        return selection_id

    def get(self, selection_id: str) -> StoredSelection | None:
        """Return a selection that has not expired."""
        if self._database.is_empty:
            return None
        query = sa.select(selections).where(
            selections.c.id == selection_id, selections.c.expires_at > milliseconds(self._clock())
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return StoredSelection(
            id=row.id,
            owner=row.owner,
            title=row.title,
            origin=row.origin,
            asset_ids=tuple(msgspec.json.decode(row.assets, type=list[str])),
            created_at=row.created_at / 1000,
            expires_at=row.expires_at / 1000,
        )

    def delete(self, selection_id: str, owner: str) -> None:
        """Delete a selection of a user; without effect on those of others."""
        with self._database.writing() as connection:
            connection.execute(
                sa.delete(selections).where(
                    selections.c.id == selection_id, selections.c.owner == owner
                )
            )
