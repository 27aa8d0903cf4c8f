"""The tables of changes, their values, and the queries that read them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
import sqlalchemy as sa

from app.query.edits import Action, Edit
from app.query.effects import Effect
from app.records.ids import RecordId
from app.storage.database import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KEPT_DAYS: Final = 90  # that a finished change can be undone
DAY: Final = 86_400

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("id", RecordId(40), primary_key=True),
    sa.Column("scope", sa.String(64), nullable=False),
    sa.Column("user_name", sa.String(200), nullable=False),
    sa.Column("edits", sa.Text, nullable=False),
    sa.Column("undoes", sa.String(40), nullable=True, unique=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("pauses", sa.Integer, nullable=False),
    sa.Column("lease", sa.String(40), nullable=False),
    sa.Column("leased_until", sa.BigInteger, nullable=False),
    sa.Column("resume_at", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("advanced_at", sa.BigInteger, nullable=False),
    sa.Column("turn", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("kinds", sa.Integer, nullable=False, server_default="-1"),
    sa.Column("created", sa.String(200), nullable=False, server_default=""),
)
items = sa.Table(
    "change_items",
    metadata,
    sa.Column("change_id", RecordId(40), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("asset_id", sa.String(200), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)


class State(StrEnum):
    """Of a change."""

    OPEN = "open"  # waiting for its turn, or in progress
    DONE = "done"
    STOPPED = "stopped"  # by a person, or because the API refuses it


class ItemState(StrEnum):
    """Of one asset of a change."""

    OPEN = "open"
    PLANNED = "planned"  # its effect is stored, and its calls may have been made
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Item:
    """One asset of a change. `source` is the effect that an undo reverts."""

    position: int
    asset_id: str
    state: ItemState
    source: Effect
    effect: Effect
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change, and how far it is. Times are in seconds since 1970."""

    id: str
    user_name: str
    edits: tuple[Edit, ...]  # of an undo: those that it reverts
    undoes: str  # the id of the change that it reverts, or ""
    undone_by: str  # the id of its undo, or ""
    created: str  # the id of the collection that was created for it, or ""; an undo has the same
    state: State
    reason: str  # why it waits or was stopped
    size: int
    done: int  # assets, those that failed not included
    changed: int  # assets that it really changed
    undoable: int  # assets with an effect that an undo reverts, also of those that are left
    failed: int
    pauses: int  # in a row, without progress
    lease: str  # of the process that works on it, or ""
    is_running: bool  # a process is working on it
    waits_for: str  # the id of a change that has to be finished before, or ""
    is_ours: bool  # made with the API, key and project of this process, which may continue it
    resume_at: float
    created_at: float
    advanced_at: float

    @property
    def is_finished(self) -> bool:
        """True where it will change nothing more."""
        return self.state is not State.OPEN

    @property
    def deletes_collection(self) -> bool:
        """True for an undo of a new collection; one that is made again has another id."""
        return bool(self.undoes and self.created)

    @property
    def can_be_undone(self) -> bool:
        """True where an undo would revert something."""
        finished = self.is_finished and not self.undone_by
        return finished and self.undoable > 0 and not self.deletes_collection

    @property
    def expires_at(self) -> float:
        """When it is deleted, and can no longer be undone."""
        return self.advanced_at + KEPT_DAYS * DAY


def select_changes(
    connection: sa.Connection,
    condition: sa.ColumnElement[bool],
    *,
    scope: str,
    now: int,
    most: int | None = None,
) -> tuple[Change, ...]:
    """Return changes, those that are open first, then the newest.

    `scope` is that of this process, `now` in milliseconds.
    """
    undo = changes.alias("undo")
    query = (
        sa.select(changes, undo.c.id.label("undone_by"), ahead(now).label("waits_for"))
        .outerjoin(undo, undo.c.undoes == changes.c.id)
        .where(condition)
        .order_by(changes.c.state != State.OPEN, changes.c.created_at.desc())
        .limit(most)
    )
    rows = connection.execute(query).mappings().all()
    counts = _counts(connection, [row["id"] for row in rows])
    return tuple(_change(row, counts.get(row["id"], {}), scope, now) for row in rows)


def ahead(now: int) -> sa.ScalarSelect[str]:
    """Return the subquery of a change that a change (of `changes`) has to wait for.

    It has an earlier turn, changes the same kinds of values, and is not finished with an asset that
    is left to both. `now` is in milliseconds.
    """
    first, own, other = changes.alias("first"), items.alias("own"), items.alias("other")
    left = [ItemState.OPEN, ItemState.PLANNED]
    is_shared = (
        sa.exists()
        .where(own.c.change_id == changes.c.id, own.c.state.in_(left))
        .where(other.c.change_id == first.c.id, other.c.state.in_(left))
        .where(own.c.asset_id == other.c.asset_id)
        .correlate(changes, first)
    )
    is_open = sa.or_(first.c.state == State.OPEN, first.c.leased_until > now)
    return (
        sa.select(first.c.id)
        # Adding 0 keeps SQLite from looking through all earlier turns.
        .where(changes.c.state == State.OPEN, is_open, first.c.turn + 0 < changes.c.turn)
        .where(first.c.scope == changes.c.scope)
        .where(first.c.kinds.bitwise_and(changes.c.kinds) != 0, is_shared)
        .limit(1)
        .correlate(changes)
        .scalar_subquery()
    )


def select_items(
    connection: sa.Connection, change_id: str, states: Iterable[ItemState], most: int
) -> tuple[Item, ...]:
    """Return the first assets of a change that are in one of some states."""
    rows = connection.execute(
        sa.select(items)
        .where(items.c.change_id == change_id, items.c.state.in_(list(states)))
        .order_by(items.c.position)
        .limit(most)
    ).all()
    return tuple(
        Item(
            row.position,
            row.asset_id,
            ItemState(row.state),
            Effect.decode(row.source),
            Effect.decode(row.effect),
            row.message,
        )
        for row in rows
    )


def decode_edits(text: str) -> tuple[Edit, ...]:
    """Return edits as they are stored."""
    pairs = msgspec.json.decode(text, type=list[tuple[str, str]])
    return tuple(Edit(Action(action), value) for action, value in pairs)


def _counts(
    connection: sa.Connection, change_ids: Sequence[str]
) -> Mapping[str, dict[tuple[str, bool], int]]:
    """Return the numbers of items by change, by state and whether they have an effect."""
    has_effect = (items.c.effect != "").label("has_effect")
    rows = connection.execute(
        sa.select(items.c.change_id, items.c.state, has_effect, sa.func.count().label("number"))
        .where(items.c.change_id.in_(change_ids))
        .group_by(items.c.change_id, items.c.state, has_effect)
    ).all()
    counts: dict[str, dict[tuple[str, bool], int]] = {}
    for row in rows:
        counts.setdefault(row.change_id, {})[row.state, bool(row.has_effect)] = row.number
    return counts


def _change(
    row: sa.RowMapping, counts: Mapping[tuple[str, bool], int], scope: str, now: int
) -> Change:
    def number(state: ItemState) -> int:
        return counts.get((state, True), 0) + counts.get((state, False), 0)

    return Change(
        id=row["id"],
        user_name=row["user_name"],
        edits=decode_edits(row["edits"]),
        undoes=row["undoes"] or "",
        undone_by=row["undone_by"] or "",
        created=row["created"],
        state=State(row["state"]),
        reason=row["reason"],
        size=row["size"],
        done=number(ItemState.DONE),
        changed=counts.get((ItemState.DONE, True), 0) + counts.get((ItemState.FAILED, True), 0),
        undoable=sum(each for (_, has_effect), each in counts.items() if has_effect),
        failed=number(ItemState.FAILED),
        pauses=row["pauses"],
        lease=row["lease"],
        is_running=row["leased_until"] > now,
        waits_for=row["waits_for"] or "",
        is_ours=row["scope"] == scope,
        resume_at=row["resume_at"] / 1000,
        created_at=row["created_at"] / 1000,
        advanced_at=row["advanced_at"] / 1000,
    )


def milliseconds(seconds: float) -> int:
    """Return a time or duration as it is stored."""
    return int(seconds * 1000)
