"""What changes have done to assets lately, for pages whose API does not show it yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from app.query.effects import Effect
from app.records.change_tables import ItemState, changes, items, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.storage.database import Database

MOST_EFFECTS: Final = 5000  # the latest ones


@dataclass(frozen=True, slots=True)
class RecentEffect:
    """What one change did to one asset, and when, in seconds since 1970."""

    asset_id: str
    at: float
    effect: Effect


class RecentEffects:
    """The effects of the changes of one API, key and project (`scope`)."""

    def __init__(self, database: Database, scope: str, clock: Callable[[], float]) -> None:
        """`clock` returns seconds since 1970."""
        self._database = database
        self._scope = scope
        self._clock = clock
        self._latest: tuple[object, tuple[RecentEffect, ...]] = (None, ())

    def within(self, seconds: float) -> tuple[RecentEffect, ...]:
        """Return the effects of the changes that advanced within some seconds, in their order.

        Raises StoreFailed.
        """
        if self._database.is_empty:
            return ()
        since = milliseconds(self._clock() - seconds)
        is_recent = sa.and_(changes.c.scope == self._scope, changes.c.advanced_at >= since)
        # Not the latest time alone: the clock of another host may be ahead of that of the writer.
        counted = sa.select(sa.func.count(), sa.func.sum(changes.c.advanced_at)).where(is_recent)
        with self._database.reading() as connection:
            state = tuple(connection.execute(counted).one())
        known, effects = self._latest
        if state == known:
            return effects
        query = (
            sa.select(items.c.asset_id, items.c.effect, changes.c.advanced_at)
            .join(changes, changes.c.id == items.c.change_id)
            .where(
                is_recent,
                items.c.state.in_([ItemState.DONE, ItemState.FAILED]),
                items.c.effect != "",
            )
            .order_by(changes.c.turn.desc(), changes.c.created_at.desc(), items.c.position)
            .limit(MOST_EFFECTS)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        effects = tuple(
            RecentEffect(row.asset_id, row.advanced_at / 1000, Effect.decode(row.effect))
            for row in reversed(rows)
        )
        self._latest = (state, effects)
        return effects
