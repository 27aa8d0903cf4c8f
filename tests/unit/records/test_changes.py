"""Changes: what an undo and a continuation that arrive together leave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from app.errors import InvalidEdit
from app.query.edits import Action, Edit
from app.records.change_tables import State
from app.records.changes import Changes

if TYPE_CHECKING:
    from app.storage.database import Database

TAG = Edit(Action.TAG, "castle")
CLICKS = 4


def stopped(changes: Changes) -> str:
    """Store a change that was stopped, and return its id."""
    change_id = changes.add("Ada", [TAG], ["a"])
    changes.stop(change_id, "Stopped.")
    return change_id


def test_undos_that_arrive_together_are_one(database: Database) -> None:
    changes = Changes(database, "scope")
    together = Barrier(CLICKS)

    def undo(change_id: str) -> tuple[str, bool]:
        together.wait()
        return changes.add_undo("Ada", change_id)

    with ThreadPoolExecutor(CLICKS) as pool:
        for _ in range(10):
            made = list(pool.map(undo, [stopped(changes)] * CLICKS))
            assert len({undo_id for undo_id, _ in made}) == 1
            assert sum(is_new for _, is_new in made) == 1


def test_a_change_that_was_continued_has_no_undo(database: Database) -> None:
    changes = Changes(database, "scope")
    change_id = stopped(changes)
    changes.resume(change_id)
    with pytest.raises(InvalidEdit, match="in progress"):
        changes.add_undo("Ada", change_id)
    found = changes.get(change_id)
    assert found is not None
    assert (found.state, found.undone_by) == (State.OPEN, "")
