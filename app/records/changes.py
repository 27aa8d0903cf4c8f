"""Changes: edits of assets as stored jobs, with what they really changed about each asset.

`app.records.change_leases` has what a process that works on one needs.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa

from app.errors import InvalidEdit, TooMany
from app.query.edits import kinds_of
from app.records.change_tables import (
    DAY,
    KEPT_DAYS,
    Change,
    Item,
    ItemState,
    State,
    ahead,
    changes,
    decode_edits,
    items,
    milliseconds,
    select_changes,
    select_items,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.query.edits import Edit
    from app.storage.database import Database

MOST_ASSETS: Final = 10_000  # in one change
TURNS: Final = 4_120_266_354  # lock of PostgreSQL: changes get their turns one after another
SHOWN_FAILURES: Final = 200


class Changes:
    """The stored changes of one API, key and project (`scope`)."""

    def __init__(
        self, database: Database, scope: str, clock: Callable[[], float] = time.time
    ) -> None:
        """`clock` returns seconds since 1970."""
        self._database = database
        self._scope = scope
        self._clock = clock

    @property
    def is_empty(self) -> bool:
        """True while nothing was ever stored."""
        return self._database.is_empty

    def add(
        self,
        user_name: str,
        edits: Sequence[Edit],
        asset_ids: Iterable[str],
        *,
        created: str = "",
        lease: str = "",
        seconds: float = 0,
    ) -> str:
        """Store a change and return its id. Raises TooMany.

        `created` is the collection that was created for it. It is leased for `seconds`, unless it
        has to wait for others.
        """
        ids = [*dict.fromkeys(asset_ids)]
        if len(ids) > MOST_ASSETS:
            raise TooMany(f"One change has at most {MOST_ASSETS} assets; these are {len(ids)}.")
        new = self._new(user_name, edits) | {"created": created}
        with self._database.writing() as connection:
            self._prune(connection)
            self._insert(connection, new, [(each, "") for each in ids])
            self._lease(connection, new["id"], lease, seconds)
        return str(new["id"])

    def add_undo(
        self, user_name: str, change_id: str, *, lease: str = "", seconds: float = 0
    ) -> tuple[str, bool]:
        """Store the undo of a finished change; return its id, and whether it is new.

        Raises InvalidEdit where the change is in progress.
        """
        with self._database.writing() as connection:
            row = self._lock_finished(connection, change_id)
            existing = connection.scalar(
                sa.select(changes.c.id).where(changes.c.undoes == change_id)
            )
            if existing:
                return str(existing), False
            rows = connection.execute(
                sa.select(items.c.asset_id, items.c.effect)
                .where(items.c.change_id == change_id, items.c.effect != "")
                .order_by(items.c.position)
            ).all()
            new = self._new(user_name, decode_edits(row.edits))
            new |= {"undoes": change_id, "created": row.created}
            self._insert(connection, new, [(row.asset_id, row.effect) for row in rows])
            self._lease(connection, new["id"], lease, seconds)
        return str(new["id"]), True

    def get(self, change_id: str) -> Change | None:
        """Return a change."""
        if self.is_empty:
            return None
        with self._database.reading() as connection:
            found = select_changes(
                connection, changes.c.id == change_id, scope=self._scope, now=self._now()
            )
        return found[0] if found else None

    def recent(self, *, most: int) -> tuple[Change, ...]:
        """Return the newest changes, those in progress first."""
        if self.is_empty:
            return ()
        with self._database.reading() as connection:
            return select_changes(
                connection, sa.true(), scope=self._scope, now=self._now(), most=most
            )

    def failures(self, change_id: str) -> tuple[Item, ...]:
        """Return the first assets that failed."""
        with self._database.reading() as connection:
            return select_items(connection, change_id, [ItemState.FAILED], SHOWN_FAILURES)

    def asset_ids(self, change_id: str) -> tuple[str, ...]:
        """Return the assets of a change, in their order."""
        if self.is_empty:
            return ()
        with self._database.reading() as connection:
            return tuple(
                connection.scalars(
                    sa.select(items.c.asset_id)
                    .where(items.c.change_id == change_id)
                    .order_by(items.c.position)
                )
            )

    def stop(self, change_id: str, reason: str) -> None:
        """Stop an open change: its process ends at the next asset."""
        with self._database.writing() as connection:
            connection.execute(
                sa.update(changes)
                .where(changes.c.id == change_id, changes.c.state == State.OPEN)
                .values(state=State.STOPPED.value, reason=reason, advanced_at=self._now())
            )

    def resume(self, change_id: str) -> None:
        """Open a change again, for this API and key, unless it was undone.

        Assets that failed are tried again; what was changed of them stays part of the change. It
        waits for the changes that were made meanwhile.
        """
        undone = sa.exists().where(changes.alias("undo").c.undoes == change_id)
        with self._database.writing() as connection:
            connection.execute(_locked(change_id))  # an undo that is being stored is seen then
            opened = connection.execute(
                sa.update(changes)
                .where(changes.c.id == change_id, changes.c.state != State.OPEN, ~undone)
                .values(
                    state=State.OPEN.value,
                    reason="",
                    resume_at=0,
                    pauses=0,
                    scope=self._scope,
                    turn=_next_turn(connection),
                )
            )
            if opened.rowcount:
                connection.execute(
                    sa.update(items)
                    .where(
                        items.c.change_id == change_id,
                        items.c.state == ItemState.FAILED,
                    )
                    .values(state=ItemState.OPEN.value, message="")
                )

    def discard(self, change_id: str) -> None:
        """Delete a change that has changed nothing."""
        with self._database.writing() as connection:
            _delete(connection, changes.c.id == change_id)

    def _new(self, user_name: str, edits: Sequence[Edit]) -> dict[str, Any]:
        now = self._now()
        return {
            "id": secrets.token_urlsafe(9),
            "scope": self._scope,
            "user_name": user_name[:200],
            "edits": msgspec.json.encode([(e.action.value, e.value) for e in edits]).decode(),
            "undoes": None,
            "state": State.OPEN.value,
            "reason": "",
            "pauses": 0,
            "lease": "",
            "leased_until": 0,
            "resume_at": 0,
            "created_at": now,
            "advanced_at": now,
            "kinds": kinds_of(edits),
            "created": "",
        }

    def _insert(
        self, connection: sa.Connection, new: dict[str, Any], assets: Sequence[tuple[str, str]]
    ) -> None:
        """Store a change of some assets, each with the effect that an undo reverts, or ""."""
        row = new | {"size": len(assets), "turn": _next_turn(connection)}
        connection.execute(sa.insert(changes), row)
        rows = [
            _item_row(new["id"], position, asset_id, source)
            for position, (asset_id, source) in enumerate(assets)
        ]
        if rows:
            connection.execute(sa.insert(items), rows)

    def _lease(self, connection: sa.Connection, change_id: str, lease: str, seconds: float) -> None:
        """Lease a new change where it may begin at once."""
        if lease:
            now = self._now()
            connection.execute(
                sa.update(changes)
                .where(changes.c.id == change_id, ahead(now).is_(None))
                .values(lease=lease, leased_until=now + milliseconds(seconds))
            )

    def _lock_finished(self, connection: sa.Connection, change_id: str) -> sa.Row[Any]:
        """Let nothing else undo or continue a change in this transaction; return what it is."""
        row = connection.execute(_locked(change_id)).one()
        if row.state == State.OPEN or row.leased_until > self._now():
            raise InvalidEdit("This change is still in progress. Stop it first.", field="change")
        return row

    def _prune(self, connection: sa.Connection) -> None:
        oldest = self._now() - milliseconds(KEPT_DAYS * DAY)
        _delete(connection, sa.and_(changes.c.state != State.OPEN, changes.c.advanced_at < oldest))

    def _now(self) -> int:
        return milliseconds(self._clock())


def _next_turn(connection: sa.Connection) -> int:
    """Return the turn behind that of all changes. No other one is given until the commit."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TURNS)))
    return (connection.scalar(sa.select(sa.func.max(changes.c.turn))) or 0) + 1


def _locked(change_id: str) -> sa.Select[Any]:
    """Return the query that locks a change until the end of its transaction."""
    columns = (changes.c.state, changes.c.edits, changes.c.leased_until, changes.c.created)
    return sa.select(*columns).where(changes.c.id == change_id).with_for_update()


def _delete(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    chosen = sa.select(changes.c.id).where(condition)
    connection.execute(sa.delete(items).where(items.c.change_id.in_(chosen)))
    connection.execute(sa.delete(changes).where(condition))


def _item_row(change_id: str, position: int, asset_id: str, source: str) -> dict[str, Any]:
    return {
        "change_id": change_id,
        "position": position,
        "asset_id": asset_id,
        "state": ItemState.OPEN.value,
        "source": source,
        "effect": "",
        "message": "",
    }
