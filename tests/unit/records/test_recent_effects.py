"""What was changed lately, in both databases, by hosts whose clocks differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.query.effects import Effect
from app.records.change_leases import ChangeLeases
from app.records.change_tables import Item, ItemState, State
from app.records.changes import Changes
from app.records.recent_effects import RecentEffects
from tests.support.clock import Clock

if TYPE_CHECKING:
    from app.storage.database import Database

HOUR = 3600.0


def test_a_host_whose_clock_is_behind_sees_what_it_writes(database: Database) -> None:
    """Another host has written before, at a time that is later by its own clock."""
    ahead, behind = Clock(100 * HOUR + 60), Clock(100 * HOUR)
    recent = RecentEffects(database, "api", behind)
    effect = Effect(added=("night",))

    def seen() -> list[str]:
        return [each.asset_id for each in recent.within(HOUR)]

    def add(clock: Clock, asset_id: str) -> str:
        return Changes(database, "api", clock).add("Ada", (), [asset_id], lease="own", seconds=9)

    def complete(clock: Clock, change_id: str, asset_id: str) -> None:
        leases = ChangeLeases(database, "api", seconds=9, clock=clock)
        done = Item(0, asset_id, ItemState.DONE, Effect(), effect)
        leases.store(change_id, "own", [done])
        leases.release(change_id, "own", state=State.DONE)

    complete(ahead, add(ahead, "asset_1"), "asset_1")
    assert seen() == ["asset_1"]
    later = add(behind, "asset_2")
    assert seen() == ["asset_1"]
    behind.now += 1
    complete(behind, later, "asset_2")
    assert sorted(seen()) == ["asset_1", "asset_2"]
    assert recent.within(HOUR) is recent.within(HOUR)  # not read again
