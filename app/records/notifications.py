"""Stored notifications: each waits here until one process of one host has sent it.

A notification has a key. While it waits, another one with the same key replaces its text, so that
many events become one message. It is claimed by a lease before it is sent; each receiver that has
it is stored at once, so that a process that is killed repeats at most one of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from app.records.claims import claimed
from app.storage.database import metadata
from app.storage.upsert import upsert

if TYPE_CHECKING:
    from app.storage.database import Database

LEASE_SECONDS: Final = 300.0
KEPT_SECONDS: Final = 7 * 86_400.0  # after it was sent

notifications: Final = sa.Table(
    "notifications",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),  # the installation whose receivers get it
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("due", sa.Double, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # counts its texts
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("claimed_until", sa.Double),
    sa.Column("received", sa.Text, nullable=False),  # ids of receivers, as a JSON array
    sa.Column("sent", sa.Double),
)
receivers: Final = sa.Table(
    "notification_receivers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("sent", sa.Double),  # the last time that it worked
    sa.Column("failed", sa.Double),  # the last time that it did not
    sa.Column("error", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Message:
    """A notification that this process has claimed."""

    key: str
    title: str
    text: str
    revision: int
    attempts: int  # this one included
    received: frozenset[str]  # receivers that have it


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """When a receiver worked last, and when and why it did not. Seconds since the epoch."""

    sent: float | None
    failed: float | None
    error: str

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt has failed."""
        return self.failed is not None and (self.sent is None or self.failed > self.sent)


class NotificationStore:
    """The notifications of one database. Methods raise StoreFailed where it does not work."""

    def __init__(self, database: Database, scope: str) -> None:
        """Open nothing yet. `scope` names the installation: messages of others are not sent."""
        self._database = database
        self._scope = scope

    def put(self, key: str, title: str, text: str, *, due: float, now: float, moves: bool) -> None:
        """Store a notification, or replace the text of the one that waits.

        That one keeps its time, unless `moves`.
        """
        table = notifications.c
        row = {
            "scope": self._scope,
            "key": key,
            "title": title,
            "text": text,
            "due": due,
            "revision": 0,
            "attempts": 0,
        }
        row["received"] = "[]"
        with self._database.writing() as connection:
            upsert(connection, notifications, [row], update=())  # the rest is done below
            is_waiting = sa.and_(
                table.sent.is_(None),
                sa.or_(table.claimed_until.is_(None), table.claimed_until <= now),
            )
            earlier = sa.case((sa.and_(is_waiting, table.due < due), table.due), else_=due)
            change = sa.update(notifications).where(self._is(key))
            connection.execute(
                change.values(
                    title=title,
                    text=text,
                    due=due if moves else earlier,
                    revision=table.revision + 1,
                    attempts=0,
                    received="[]",
                    sent=None,
                )
            )

    def cancel(self, key: str) -> None:
        """Remove a notification that was not sent yet."""
        if self._database.is_empty:
            return
        with self._database.writing() as connection:
            connection.execute(sa.delete(notifications).where(self._is(key)))

    def claim(self, now: float) -> Message | None:
        """Return a notification that is due, which no other process gets for LEASE_SECONDS."""
        if self._database.is_empty:
            return None
        table = notifications.c
        is_free = sa.or_(table.claimed_until.is_(None), table.claimed_until <= now)
        is_own = table.scope == self._scope
        is_due = sa.and_(is_own, table.sent.is_(None), table.due <= now, is_free)
        values = {"claimed_until": now + LEASE_SECONDS, "attempts": table.attempts + 1}
        row = claimed(self._database, notifications, is_due, order=table.due, values=values)
        if row is None:
            return None
        received = frozenset(json.loads(row.received))
        return Message(row.key, row.title, row.text, row.revision, row.attempts + 1, received)

    def note(self, message: Message, receiver: str, error: str, now: float) -> None:
        """Store that a receiver has a message, or with an `error` that it has not."""
        state = {"id": receiver, "sent": None, "failed": None, "error": error}
        changed = "failed" if error else "sent"
        table = notifications.c
        same = sa.and_(self._is(message.key), table.revision == message.revision)
        with self._database.writing() as connection:
            upsert(connection, receivers, [state | {changed: now}], update=(changed, "error"))
            if error:
                return
            row = connection.execute(sa.select(table.received).where(same).with_for_update())
            if (received := row.scalar()) is not None:
                ids = json.dumps(sorted({*json.loads(received), receiver}))
                connection.execute(sa.update(notifications).where(same).values(received=ids))

    def finish(self, message: Message, now: float, *, again_at: float | None) -> None:
        """End the claim of a message: it is sent, or tried again at a time.

        A text that has arrived meanwhile waits for its own time.
        """
        table = notifications.c
        same = sa.and_(self._is(message.key), table.revision == message.revision)
        values = {"sent": now} if again_at is None else {"due": again_at}
        with self._database.writing() as connection:
            connection.execute(sa.update(notifications).where(same).values(**values))
            is_own = sa.update(notifications).where(self._is(message.key))
            connection.execute(is_own.values(claimed_until=None))
            is_old = sa.and_(table.sent.is_not(None), table.sent < now - KEPT_SECONDS)
            connection.execute(sa.delete(notifications).where(is_old))

    def _is(self, key: str) -> sa.ColumnElement[bool]:
        return sa.and_(notifications.c.scope == self._scope, notifications.c.key == key)

    def states(self) -> dict[str, ReceiverState]:
        """Return the state of each receiver that something was sent to, by its id."""
        if self._database.is_empty:
            return {}
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(receivers))
            return {row.id: ReceiverState(row.sent, row.failed, row.error) for row in rows}
