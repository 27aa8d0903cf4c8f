"""The order of changes: one that changes the same assets as an earlier one waits for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from app.query.edits import Action, Edit
from app.query.effects import Effect
from app.records.change_leases import ChangeLeases
from app.records.change_tables import Item, ItemState, State
from app.records.changes import Changes
from tests.support.clock import Clock

if TYPE_CHECKING:
    from app.storage.database import Database

PICK, REJECT = Edit(Action.LABEL, "pick"), Edit(Action.LABEL, "reject")
SECONDS = 9


class Store:
    """The changes and leases of one process, whose clock stands still."""

    def __init__(self, database: Database, scope: str = "scope") -> None:
        self.clock = Clock()
        self.changes = Changes(database, scope, self.clock)
        self.leases = ChangeLeases(database, scope, seconds=SECONDS, clock=self.clock)

    def add(self, edit: Edit, *asset_ids: str, lease: str = "") -> str:
        return self.changes.add("Ada", [edit], asset_ids, lease=lease, seconds=SECONDS)

    def taken(self) -> str:
        """Take the next change; return its id, or "" without any."""
        change = self.leases.take("lease")
        return change.id if change else ""

    def is_leased(self, change_id: str) -> bool:
        found = self.changes.get(change_id)
        assert found is not None
        return found.lease != ""

    def waits_for(self, change_id: str) -> str:
        found = self.changes.get(change_id)
        assert found is not None
        return found.waits_for

    def end(self, change_id: str, lease: str = "lease", state: State = State.DONE) -> None:
        self.leases.release(change_id, lease, state=state)


@pytest.fixture
def store(database: Database) -> Store:
    """The changes of an empty database of each kind."""
    return Store(database)


def test_a_later_change_of_an_asset_waits_and_is_not_leased(store: Store) -> None:
    first = store.add(PICK, "a", "b", lease="lease")
    second = store.add(REJECT, "b", "c", lease="other")
    third = store.add(PICK, "c", lease="other")
    assert [store.is_leased(each) for each in (first, second, third)] == [True, False, False]
    assert [store.waits_for(each) for each in (first, second, third)] == ["", first, second]
    assert not store.leases.are_due()
    assert store.taken() == ""
    store.end(first)
    assert store.leases.are_due()
    assert store.taken() == second
    assert store.taken() == ""  # the third one waits for it
    store.end(second)
    assert store.taken() == third


def test_other_assets_other_kinds_of_values_and_other_libraries_do_not_wait(
    database: Database, store: Store
) -> None:
    store.add(PICK, "a", lease="lease")
    assert store.is_leased(store.add(REJECT, "b", lease="other"))
    assert store.is_leased(store.add(Edit(Action.RATE, "4"), "a", lease="other"))
    tagged = store.add(Edit(Action.TAG, "x"), "a", lease="other")
    assert store.is_leased(tagged)
    assert store.waits_for(store.add(Edit(Action.UNTAG, "x"), "a", lease="other")) == tagged
    elsewhere = Store(database, "another scope")
    assert elsewhere.is_leased(elsewhere.add(REJECT, "a", lease="other"))


def test_assets_that_the_earlier_change_has_done_are_free(store: Store) -> None:
    first = store.add(PICK, "a", "b", lease="lease")
    second = store.add(REJECT, "a", lease="other")
    store.leases.store(first, "lease", [Item(0, "a", ItemState.PLANNED, Effect(), Effect())])
    assert store.waits_for(second) == first  # its calls may be made now
    store.leases.store(first, "lease", [Item(0, "a", ItemState.DONE, Effect(), Effect())])
    assert store.taken() == second


def test_a_pause_holds_later_changes_and_a_stop_does_not(store: Store) -> None:
    first = store.add(PICK, "a", lease="lease")
    second = store.add(REJECT, "a", lease="other")
    store.leases.release(first, "lease", pause=60)
    assert store.taken() == ""
    store.changes.stop(first, "Stopped.")
    assert store.taken() == second


def test_a_stopped_change_holds_later_ones_until_its_last_call_has_ended(store: Store) -> None:
    first = store.add(PICK, "a", lease="lease")
    second = store.add(REJECT, "a", lease="other")
    store.changes.stop(first, "Stopped.")
    assert store.waits_for(second) == first
    store.clock.now += SECONDS + 1  # its process has died
    assert store.taken() == second


def test_a_change_that_is_continued_follows_those_made_meanwhile(store: Store) -> None:
    first = store.add(PICK, "a")
    store.changes.stop(first, "Stopped.")
    second = store.add(REJECT, "a", lease="lease")
    store.changes.resume(first)
    assert (store.waits_for(first), store.waits_for(second)) == (second, "")
    store.end(second)
    assert store.taken() == first


def test_an_undo_waits_for_later_changes_and_not_for_its_own(store: Store) -> None:
    first = store.add(PICK, "a", lease="lease")
    effect = Effect(fields={"label": ("", "pick")})
    store.leases.store(first, "lease", [Item(0, "a", ItemState.DONE, Effect(), effect)])
    store.end(first)
    undo, _ = store.changes.add_undo("Ada", first, lease="lease", seconds=SECONDS)
    assert store.is_leased(undo)
    store.end(undo)
    later = store.add(REJECT, "a", lease="lease")
    store.leases.store(later, "lease", [Item(0, "a", ItemState.PLANNED, Effect(), effect)])
    store.changes.stop(later, "Stopped.")
    store.end(later)
    latest = store.add(PICK, "a", lease="lease")
    undo, _ = store.changes.add_undo("Ada", later, lease="other", seconds=SECONDS)
    assert (store.is_leased(undo), store.waits_for(undo)) == (False, latest)
    store.end(latest)
    assert store.taken() == undo


def test_of_changes_that_arrive_together_one_begins(database: Database) -> None:
    hosts = [Store(database) for _ in range(4)]
    together = Barrier(len(hosts))

    def add(host: Store) -> str:
        together.wait()
        return host.add(PICK, "a", lease="lease")

    with ThreadPoolExecutor(len(hosts)) as pool:
        for _ in range(8):
            made = list(pool.map(add, hosts))
            leased = [each for each in made if hosts[0].is_leased(each)]
            assert len(leased) == 1
            hosts[0].end(leased[0])
            for _ in range(len(hosts) - 1):
                hosts[0].end(hosts[0].taken())
            assert not hosts[0].leases.are_due()
