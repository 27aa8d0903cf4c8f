"""Changes that end early: what was written stays undoable, and nothing else is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import UpstreamError
from app.query.edits import Action, Edit
from app.records.change_tables import State
from tests.support.editing import TAG, ids, work_off
from tests.support.scenario_api import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.services.editing.editor import Editor
    from app.web.context import Services
    from tests.support.clock import Clock
    from tests.support.editing import EditedAPI

IDS = ids(60)
COLLECTED = "collection_3"
COLLECT = Edit(Action.COLLECT, COLLECTED)
MEMBERS = f"/v1/collections/{COLLECTED}/assets"
QUOTA = refusal(429, "Quota exceeded", "QUOTA_EXCEEDED", retry_after="20")


def times(number: int) -> Callable[[], bool]:
    """Return what is true for the first calls."""
    left = iter(range(number))
    return lambda: next(left, None) is not None


def ratings(services: Services) -> list[int]:
    found = services.client.latest_assets(IDS)
    return [found[each].metadata.rating or 0 for each in IDS]


@pytest.mark.parametrize("first", [TAG, COLLECT, Edit(Action.RATE, "4")])
def test_what_was_written_before_an_error_is_recorded(
    api: EditedAPI, services: Services, editor: Editor, clock: Clock, first: Edit
) -> None:
    [before] = services.client.latest_assets(IDS[:1]).values()
    written = len(api.requests)
    api.always(QUOTA, on=f"/v1/assets/{IDS[0]}")
    if first is not COLLECT:
        api.next("healthy", on=f"/v1/assets/{IDS[0]}")
    change = editor.apply("Ada", [first, Edit(Action.DESCRIPTION, "A castle")], IDS[:1])
    assert len([each for each in api.requests[written:] if each.method == "PUT"]) == 2
    assert (change.state, change.undoable) == (State.OPEN, 1)
    editor.stop("Ada", change.id)
    api.always("healthy", on=f"/v1/assets/{IDS[0]}")
    clock.now += 60
    assert editor.undo("Ada", change.id).changed == 1
    [after] = services.client.latest_assets(IDS[:1]).values()
    assert (after.tags, after.collectionIds) == (before.tags, before.collectionIds)


def test_an_error_before_the_first_write_leaves_no_change(api: EditedAPI, editor: Editor) -> None:
    api.always(QUOTA, on=f"/v1/assets/{IDS[1]}")
    editor.apply("Ada", [TAG], IDS[:1])
    with pytest.raises(UpstreamError):
        editor.apply("Ada", [TAG], IDS[:2])  # the first one has the tag already
    assert len(editor.recent(most=9)) == 1


def test_a_field_that_is_refused_leaves_the_undo_of_another(
    api: EditedAPI, services: Services, editor: Editor
) -> None:
    api.next("healthy", refusal(400, "Too long"), on=f"/v1/assets/{IDS[0]}")
    edits = [Edit(Action.RATE, "4"), Edit(Action.DESCRIPTION, "A castle")]
    change = editor.apply("Ada", edits, IDS[:1])
    assert (change.failed, change.changed) == (1, 1)
    editor.undo("Ada", change.id)
    assert ratings(services)[0] == 0


def test_a_collection_that_never_responds_fails_its_assets(
    api: EditedAPI, editor: Editor, clock: Clock
) -> None:
    api.always(refusal(502, "Bad gateway"), on=MEMBERS)
    change = editor.apply("Ada", [COLLECT], IDS)
    work_off(editor, clock)
    change = editor.change(change.id)
    assert (change.state, change.changed, change.undoable) == (State.DONE, 0, 0)
    assert change.failed == 48  # the others were in the collection before
    assert "Bad gateway" in editor.failures(change.id)[0].message


def test_an_undo_leaves_assets_that_the_change_did_not_reach(
    services: Services, editor: Editor
) -> None:
    change = editor.apply("Ada", [TAG], IDS)
    editor.work(times(10))
    editor.stop("Ada", change.id)
    services.client.edit_tags(IDS[20], [TAG.value], [])
    undo = editor.undo("Ada", change.id)
    assert (undo.size, undo.changed) == (10, 10)
    found = services.client.latest_assets(IDS)
    assert [each for each in IDS if TAG.value in found[each].tags] == [IDS[20]]


def test_a_stop_during_the_calls_leaves_their_undo(services: Services, editor: Editor) -> None:
    change = editor.apply("Ada", [TAG], IDS)

    def stop() -> bool:
        editor.stop("Bob", change.id)
        return True

    editor.work(stop)
    change = editor.change(change.id)
    assert (change.state, change.reason) == (State.STOPPED, "Stopped by Bob.")
    found = services.client.latest_assets(IDS)
    assert change.changed == sum(TAG.value in each.tags for each in found.values()) > 0


def test_a_stop_before_the_first_call_leaves_nothing_to_undo(
    api: EditedAPI, editor: Editor
) -> None:
    change = editor.apply("Ada", [TAG], IDS)
    api.before["/v1/assets/get-bulk"] = lambda: editor.stop("Bob", change.id)
    editor.work()
    change = editor.change(change.id)
    assert (change.state, change.undoable, change.done) == (State.STOPPED, 0, 0)


@pytest.mark.parametrize("status", [429, 502])
def test_a_value_that_others_set_during_a_pause_comes_back(
    api: EditedAPI, services: Services, editor: Editor, clock: Clock, status: int
) -> None:
    editor.apply("Ada", [Edit(Action.RATE, "1")], IDS[:2])
    change = editor.apply("Ada", [Edit(Action.RATE, "5")], IDS)
    api.always(refusal(status, "Not now"), on=f"/v1/assets/{IDS[1]}")
    editor.work()
    assert editor.change(change.id).done == 1
    api.always("healthy", on=f"/v1/assets/{IDS[1]}")
    services.client.edit_asset(IDS[1], rating=3)
    services.client.edit_asset(IDS[2], rating=2)
    work_off(editor, clock)
    assert ratings(services) == [5] * len(IDS)
    editor.undo("Ada", change.id)
    work_off(editor, clock)
    assert ratings(services) == [1, 3, 2, *[0] * (len(IDS) - 3)]


def test_collections_before_the_first_tag_can_be_undone(
    api: EditedAPI, services: Services, editor: Editor
) -> None:
    change = editor.apply("Ada", [COLLECT, TAG], IDS)
    before = services.client.latest_assets(IDS)
    editor.work(lambda: not api.received(MEMBERS))
    editor.stop("Ada", change.id)
    change = editor.change(change.id)
    assert (change.changed, change.undoable) == (0, 39)
    services.client.edit_tags(IDS[0], [TAG.value], [])
    editor.undo("Ada", change.id)
    after = services.client.latest_assets(IDS)
    assert [after[each].collectionIds for each in IDS] == [
        before[each].collectionIds for each in IDS
    ]
    assert TAG.value in after[IDS[0]].tags


def test_each_call_of_a_collection_renews_the_lease(
    api: EditedAPI, services: Services, editor: Editor, clock: Clock
) -> None:
    """The API refuses the group, then takes its time for each asset."""
    api.always(refusal(400, "Not this one"), on=MEMBERS)
    change = editor.apply("Ada", [COLLECT], IDS)
    seconds = 0.6 * 6 * services.settings.timeout
    running = []

    def wait() -> None:
        clock.now += seconds
        running.append(editor.change(change.id).is_running)

    api.before[MEMBERS] = wait
    editor.work()
    assert len(running) > 30
    assert all(running)


def test_a_refused_group_ends_with_the_step(api: EditedAPI, editor: Editor) -> None:
    api.always(refusal(400, "Not this one"), on=MEMBERS)
    change = editor.apply("Ada", [COLLECT], IDS)
    editor.work(times(5))
    assert 1 < len(api.received(MEMBERS)) <= 10
    assert editor.change(change.id).failed == 0
