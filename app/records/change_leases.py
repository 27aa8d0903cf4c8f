"""The work on changes: a process has the lease of a change while it makes the calls.

A lease expires some time after its process has died. An item is stored as *planned*, with its
effect, before the first call for it: a process that continues repeats the calls, and the undo knows
the effect wherever the first one was interrupted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.records.change_tables import (
    Change,
    Item,
    ItemState,
    State,
    ahead,
    changes,
    items,
    milliseconds,
    select_changes,
    select_items,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.storage.database import Database


class LeaseLost(Exception):
    """Another process works on this change, or it was stopped."""


class ChangeLeases:
    """The leases of one process. Each is valid for `seconds` after it was last renewed."""

    def __init__(
        self,
        database: Database,
        scope: str,
        *,
        seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take changes of one API, key and project (`scope`) only."""
        self._database = database
        self._scope = scope
        self.seconds = seconds
        self._clock = clock

    def take(self, lease: str) -> Change | None:
        """Lease the change that has waited longest; return it, or None where there is none.

        One of another process whose lease has expired is taken over. One that has to wait for
        others is left out.
        """
        if not self.are_due():
            return None
        now = self._now()
        query = self._due(now)
        with self._database.writing() as connection:
            found = connection.scalar(query.with_for_update(skip_locked=True))
            if found is None:  # another process was faster
                return None
            connection.execute(
                sa.update(changes)
                .where(changes.c.id == found)
                .values(lease=lease, leased_until=now + milliseconds(self.seconds))
            )
            [taken] = select_changes(connection, changes.c.id == found, scope=self._scope, now=now)
            return taken

    def are_due(self) -> bool:
        """Return whether a change waits for a process, and for nothing else."""
        if self._database.is_empty:
            return False
        with self._database.reading() as connection:  # which no writer has to wait for
            return connection.scalar(self._due(self._now())) is not None

    def _due(self, now: int) -> sa.Select[tuple[str]]:
        due = (
            changes.c.state == State.OPEN,
            changes.c.scope == self._scope,
            changes.c.leased_until <= now,
            changes.c.resume_at <= now,
            ahead(now).is_(None),
        )
        return sa.select(changes.c.id).where(*due).order_by(changes.c.advanced_at).limit(1)

    def next_items(self, change_id: str, most: int) -> tuple[Item, ...]:
        """Return the next assets to change; those that were interrupted first."""
        with self._database.reading() as connection:
            planned = select_items(connection, change_id, [ItemState.PLANNED], most)
            return planned or select_items(connection, change_id, [ItemState.OPEN], most)

    def store(self, change_id: str, lease: str, outcomes: Iterable[Item]) -> None:
        """Store the state of assets, and renew the lease.

        Raises LeaseLost; where the change was stopped, after storing: the calls were made.
        """
        rows = [
            {
                "at": item.position,
                "to": item.state.value,
                "with_effect": item.effect.encode() if item.effect else "",
                "because": item.message,
            }
            for item in outcomes
        ]
        with self._database.writing() as connection:
            is_open = self._renew(connection, change_id, lease)
            if rows:
                connection.execute(
                    sa.update(items)
                    .where(items.c.change_id == change_id, items.c.position == sa.bindparam("at"))
                    .values(
                        state=sa.bindparam("to"),
                        effect=sa.bindparam("with_effect"),
                        message=sa.bindparam("because"),
                    ),
                    rows,
                )
        if not is_open:
            raise LeaseLost

    def release(
        self,
        change_id: str,
        lease: str,
        *,
        state: State = State.OPEN,
        reason: str = "",
        pause: float = 0,
        pauses: int = 0,
    ) -> None:
        """End the lease: the next process may continue after `pause` seconds.

        A change that was stopped meanwhile stays stopped. Without effect where the lease is lost.
        """
        now = self._now()
        is_open = changes.c.state == State.OPEN
        with self._database.writing() as connection:
            connection.execute(
                sa.update(changes)
                .where(changes.c.id == change_id, changes.c.lease == lease)
                .values(
                    lease="",
                    leased_until=0,
                    state=sa.case((is_open, state.value), else_=changes.c.state),
                    reason=sa.case((is_open, reason), else_=changes.c.reason),
                    resume_at=now + milliseconds(pause) if pause else 0,
                    pauses=pauses,
                    advanced_at=now,
                )
            )

    def _renew(self, connection: sa.Connection, change_id: str, lease: str) -> bool:
        """Renew the lease; return False where the change was stopped. Raises LeaseLost."""
        held = (changes.c.id == change_id, changes.c.lease == lease)
        state = connection.scalar(sa.select(changes.c.state).where(*held).with_for_update())
        if state is None:
            raise LeaseLost
        is_open: bool = state == State.OPEN
        if is_open:
            until = self._now() + milliseconds(self.seconds)
            connection.execute(
                sa.update(changes).where(*held).values(leased_until=until, reason="")
            )
        return is_open

    def _now(self) -> int:
        return milliseconds(self._clock())
