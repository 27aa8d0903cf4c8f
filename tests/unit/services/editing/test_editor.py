"""The editor over the simulated API: what it changes, stores, continues and reverts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from app.errors import InvalidEdit, StoreFailed, UpstreamDown
from app.query.edits import Action, Edit
from app.records.change_tables import State
from app.web.context import services_of
from tests.support.editing import MANY, TAG, ids, services_without_thread, work_off
from tests.support.scenario_api import FakeAPI, Reply, make_app, refusal
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.services.editing.editor import Editor
    from app.web.context import Services
    from tests.support.clock import Clock
    from tests.support.editing import EditedAPI


def tags(services: Services, asset: str) -> tuple[str, ...]:
    """Return the tags of an asset now."""
    return services.client.latest_assets([asset])[asset].tags


def test_a_few_assets_are_changed_at_once_and_undone(services: Services, editor: Editor) -> None:
    before = {each: tags(services, each) for each in ids(3)}
    change = editor.apply("Ada", [TAG], ids(3))
    assert (change.state, change.changed, change.failed) == (State.DONE, 3, 0)
    assert change.user_name == "Ada"
    assert all(TAG.value in tags(services, each) for each in ids(3))
    undo = editor.undo("Bob", change.id)
    assert (undo.undoes, undo.changed) == (change.id, 3)
    assert {each: tags(services, each) for each in ids(3)} == before
    assert editor.change(change.id).undone_by == undo.id
    assert editor.undo("Bob", change.id).id == undo.id
    again = editor.undo("Ada", undo.id)
    assert again.changed == 3
    assert TAG.value in tags(services, ids(1)[0])


def test_an_undo_reverts_only_what_the_change_itself_has_changed(
    services: Services, editor: Editor
) -> None:
    first, second, third = ids(3)
    editor.apply("Ada", [TAG], [first])
    change = editor.apply("Bob", [TAG, Edit(Action.RATE, "4")], [first, second, third])
    assert change.changed == 3  # the first one: its rating
    editor.apply("Ada", [Edit(Action.RATE, "2")], [third])
    editor.undo("Bob", change.id)
    assert TAG.value in tags(services, first)
    assert TAG.value not in tags(services, second)
    found = services.client.latest_assets([first, second, third])
    assert [found[each].metadata.rating for each in (first, second, third)] == [None, None, 2]


@pytest.mark.parametrize(
    ("action", "value", "read"),
    [
        (Action.NAME, "Keep", lambda asset: asset.metadata.name),
        (Action.DESCRIPTION, "A keep\nby the sea", lambda asset: asset.description or ""),
        (Action.LABEL, "reject", lambda asset: asset.metadata.label),
        (Action.SENSITIVE, "yes", lambda asset: asset.nsfw),
        (Action.COLLECT, "collection_3", lambda asset: asset.collectionIds),
        (Action.UNCOLLECT, "collection_0", lambda asset: asset.collectionIds),
    ],
)
def test_every_action_and_its_undo(
    services: Services, editor: Editor, action: Action, value: str, read: Callable[..., object]
) -> None:
    def shown() -> list[object]:
        found = services.client.latest_assets(ids(10))
        return [read(found[each]) for each in ids(10)]

    before = shown()
    change = editor.apply("Ada", [Edit(action, value)], ids(10))
    assert change.failed == 0
    assert change.changed > 0
    assert shown() != before
    editor.undo("Ada", change.id)
    assert shown() == before


def collections(services: Services) -> set[str]:
    """Return the ids of the collections now."""
    return {each.id for each in services.client.collections()}


@pytest.mark.parametrize("count", [3, MANY])
def test_an_undo_deletes_the_collection_that_was_created(
    services: Services, editor: Editor, count: int
) -> None:
    before = collections(services)
    change, created = editor.collect("Ada", "Best", ids(count))
    work_off(editor)
    assert collections(services) == before | {created}
    undo = editor.undo("Ada", change.id)
    work_off(editor)
    assert collections(services) == before
    assert not editor.change(undo.id).can_be_undone
    with pytest.raises(InvalidEdit, match="to a new one"):
        editor.undo("Ada", undo.id)


def test_an_undo_leaves_a_collection_into_which_others_have_put_something(
    services: Services, editor: Editor
) -> None:
    change, created = editor.collect("Ada", "Best", ids(3))
    editor.apply("Bob", [Edit(Action.COLLECT, created)], ids(1, first=5))
    editor.undo("Ada", change.id)
    assert services.client.collection(created).count == 1


def test_an_undo_waits_until_the_collection_can_be_deleted(
    services: Services, editor: Editor, api: EditedAPI, clock: Clock
) -> None:
    before = collections(services)
    change, created = editor.collect("Ada", "Best", ids(3))
    path = f"/v1/collections/{created}"
    api.before[f"{path}/assets"] = lambda: api.always("503", on=path)
    undo = editor.undo("Ada", change.id)
    assert (undo.state, undo.changed) == (State.OPEN, 3)
    assert created in collections(services)
    api.before.clear()
    api.always("healthy", on=path)
    work_off(editor, clock)
    assert editor.change(undo.id).state is State.DONE
    assert collections(services) == before


def test_many_assets_are_changed_in_the_background_in_chunks(api: FakeAPI, editor: Editor) -> None:
    change = editor.apply("Ada", [Edit(Action.COLLECT, "collection_3")], ids(MANY))
    assert (change.state, change.done) == (State.OPEN, 0)
    work_off(editor)
    change = editor.change(change.id)
    assert (change.state, change.done, change.failed) == (State.DONE, MANY, 0)
    calls = api.received("/v1/collections/collection_3/assets")
    assert max(len(call.json["assetIds"]) for call in calls) <= 49
    assert sum(len(call.json["assetIds"]) for call in calls) == change.changed < MANY


def test_changes_of_several_people_take_turns(editor: Editor, clock: Clock) -> None:
    large = editor.apply("Ada", [TAG], ids(MANY))
    clock.now += 1
    small = editor.apply("Bob", [Edit(Action.RATE, "4")], ids(60))
    for _ in range(4):
        clock.now += 1
        assert editor.work()
    assert editor.change(small.id).state is State.DONE
    assert editor.change(large.id).state is State.OPEN


def test_assets_and_collections_that_are_gone_fail_alone(
    api: FakeAPI, services: Services, editor: Editor
) -> None:
    api.healthy.writes.deleted.add(ids(2)[1])
    change = editor.apply("Ada", [TAG, Edit(Action.COLLECT, "collection_none")], ids(3))
    assert (change.state, change.done, change.failed) == (State.DONE, 0, 3)
    assert change.changed == 2  # their tags
    messages = [item.message for item in editor.failures(change.id)]
    assert "collection does not exist" in messages[0]
    assert messages[1] == "This asset does not exist any more."
    api.healthy.writes.collections["collection_none"] = "Back again"
    editor.resume(change.id)
    work_off(editor)
    change = editor.change(change.id)
    assert (change.done, change.failed, change.changed) == (2, 1, 2)
    undo = editor.undo("Ada", change.id)
    assert undo.changed == 2
    found = services.client.latest_assets(ids(3))
    assert not any(TAG.value in each.tags for each in found.values())
    assert not any("collection_none" in each.collectionIds for each in found.values())


def test_one_asset_that_is_refused_fails_alone(api: FakeAPI, editor: Editor) -> None:
    api.always(refusal(400, "This tag is not possible"), on=f"/v1/assets/{ids(2)[1]}/tags")
    change = editor.apply("Ada", [TAG], ids(3))
    assert (change.done, change.failed, change.changed) == (2, 1, 2)
    [item] = editor.failures(change.id)
    assert "This tag is not possible" in item.message


def test_a_key_that_may_only_read_stops_the_change(api: FakeAPI, editor: Editor) -> None:
    api.healthy.writes.can_write = False
    change = editor.apply("Ada", [TAG], ids(MANY))
    work_off(editor)
    change = editor.change(change.id)
    assert change.state is State.STOPPED
    assert "may not change" in change.reason
    assert len([r for r in api.requests if r.method == "PUT"]) == 3
    api.healthy.writes.can_write = True
    editor.resume(change.id)
    work_off(editor)
    change = editor.change(change.id)
    assert (change.state, change.done, change.reason) == (State.DONE, MANY, "")


def test_without_a_response_nothing_is_stored(api: FakeAPI, editor: Editor) -> None:
    api.always(refusal(503, "Down"), on="/v1/assets")
    with pytest.raises(UpstreamDown):
        editor.apply("Ada", [TAG], ids(3))
    assert editor.recent(most=10) == ()


def test_an_outage_pauses_a_change(api: FakeAPI, editor: Editor, clock: Clock) -> None:
    change = editor.apply("Ada", [TAG], ids(60))
    api.always(refusal(503, "Down for a moment"), on="/v1/assets")
    assert editor.work()
    assert not editor.work()  # it pauses
    change = editor.change(change.id)
    assert (change.state, change.pauses) == (State.OPEN, 1)
    assert "Down for a moment" in change.reason
    assert change.resume_at > clock()
    api.always("healthy", on="/v1/assets")
    clock.now += 60
    work_off(editor)
    assert editor.change(change.id).done == 60


def test_a_change_waits_for_its_turn_and_leaves_room_for_searches(
    api: FakeAPI, clock: Clock, tmp_path: Path
) -> None:
    services = services_without_thread(api, tmp_path, clock=clock, calls_per_minute=20)
    change = services.editor.apply("Ada", [TAG], ids(MANY))
    work_off(services.editor)
    assert 0 < len(api.requests) <= 17  # of 20: a fifth is for people
    services.client.asset(ids(1)[0])
    found = services.editor.change(change.id)
    assert (found.state, found.pauses) == (State.OPEN, 0)
    assert found.resume_at > clock()
    for _ in range(30):
        clock.now += 60
        work_off(services.editor)
    assert services.editor.change(change.id).done == MANY
    services.close()


def test_a_stopped_change_stops_and_can_be_undone(editor: Editor) -> None:
    change = editor.apply("Ada", [TAG], ids(MANY))
    with pytest.raises(InvalidEdit, match="in progress"):
        editor.undo("Ada", change.id)
    editor.work()
    editor.stop("Bob", change.id)
    assert not editor.work()
    change = editor.change(change.id)
    assert (change.state, change.reason, change.done) == (State.STOPPED, "Stopped by Bob.", 49)
    undo = editor.undo("Ada", change.id)
    assert undo.changed == 49
    editor.resume(change.id)
    assert editor.change(change.id).state is State.STOPPED  # it was undone


def test_nothing_to_change_is_refused(editor: Editor) -> None:
    for edits, chosen, field in (([], ids(1), "action"), ([TAG], [], "id")):
        with pytest.raises(InvalidEdit) as refused:
            editor.apply("Ada", edits, chosen)
        assert refused.value.field == field


def test_old_changes_are_deleted(editor: Editor, clock: Clock) -> None:
    old = editor.apply("Ada", [TAG], ids(1))
    clock.now += 91 * 86_400
    new = editor.apply("Ada", [TAG], ids(1))
    assert [each.id for each in editor.recent(most=10)] == [new.id]
    assert old.id != new.id
    assert new.changed == 0


def test_the_thread_makes_changes_until_it_is_closed(api: FakeAPI, tmp_path: Path) -> None:
    services = services_of(make_app(api, tmp_path))
    change = services.editor.apply("Ada", [TAG], ids(MANY))
    eventually(lambda: services.editor.change(change.id).state is State.DONE)
    services.close()


class Lossy(FakeAPI):
    """Does what calls ask for, and loses the responses of the next `losses` writes."""

    losses = 0
    is_silent = False  # reads fail as well after a loss, until it is set back

    def _reply(self, answer: str | Reply, request: Any) -> Reply:
        if self.is_silent and request.method != "PUT":
            return refusal(503, "Down")
        reply = super()._reply(answer, request)
        if self.losses and request.method == "PUT":
            self.losses -= 1
            self.is_silent = True
            return refusal(502, "Bad gateway")
        return reply


def test_a_write_whose_response_is_lost_is_done_once(clock: Clock, tmp_path: Path) -> None:
    """It succeeded; the change pauses, finds it done, and its undo reverts it."""
    api = Lossy(count=MANY)
    services = services_without_thread(api, tmp_path, clock=clock)
    api.losses = 1
    change = services.editor.apply("Ada", [TAG], ids(3))
    assert (change.state, change.done) == (State.OPEN, 0)
    api.is_silent = False
    clock.now += 60
    work_off(services.editor)
    change = services.editor.change(change.id)
    assert (change.state, change.done, change.changed) == (State.DONE, 3, 3)
    assert services.editor.undo("Ada", change.id).changed == 3
    assert not any(TAG.value in tags(services, each) for each in ids(3))
    services.close()


def test_a_full_disk_changes_nothing(api: FakeAPI, services: Services, editor: Editor) -> None:
    with services.database.writing() as connection:  # which is the one that the editor uses
        pages = connection.scalar(sa.text("PRAGMA page_count"))
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFailed, match="the disk is full"):
        editor.apply("Ada", [TAG], [f"asset_{number}" for number in range(5000)])
    assert not [each for each in api.requests if each.method == "PUT"]
    assert editor.recent(most=1) == ()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_share_the_work(
    kind: str, api: FakeAPI, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each asset of each change is changed once, whichever of them takes it."""
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else ""
    hosts = [services_without_thread(api, tmp_path, store_url=url) for _ in range(2)]
    made = [
        hosts[number % 2].editor.apply("Ada", [Edit(Action.TAG, f"tag {number}")], ids(MANY))
        for number in range(3)
    ]

    def work(host: Services) -> None:
        while not all(host.editor.change(each.id).is_finished for each in made):
            host.editor.work()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, hosts))
    for each in made:
        found = hosts[0].editor.change(each.id)
        assert (found.state, found.done, found.changed) == (State.DONE, MANY, MANY)
    assert len([each for each in api.requests if each.method == "PUT"]) == 3 * MANY
    for host in hosts:
        host.close()


def test_the_later_of_two_changes_of_an_asset_wins_also_after_a_pause(
    api: EditedAPI, services: Services, editor: Editor, clock: Clock
) -> None:
    """The earlier one has written something, and pauses; the later one waits for it."""
    [one] = ids(1)
    api.next("healthy", refusal(503, "Down for a moment"), on=f"/v1/assets/{one}")
    editor.apply("Ada", [Edit(Action.LABEL, "pick"), Edit(Action.DESCRIPTION, "A keep")], [one])
    later = editor.apply("Ada", [Edit(Action.LABEL, "reject")], [one])
    assert (later.state, later.done, later.waits_for != "") == (State.OPEN, 0, True)
    work_off(editor, clock)
    assert editor.change(later.id).state is State.DONE
    found = services.client.latest_assets([one])[one]
    assert (found.metadata.label, found.description) == ("reject", "A keep")


def test_a_change_in_a_request_lets_those_begin_that_wait_for_it(
    api: EditedAPI, tmp_path: Path
) -> None:
    """The thread is not left to look again after some seconds."""
    services = services_of(make_app(api, tmp_path))
    [one] = ids(1)
    later = []

    def meanwhile() -> None:
        api.before.clear()
        later.append(services.editor.apply("Ada", [Edit(Action.LABEL, "reject")], [one]))

    api.before[f"/v1/assets/{one}/tags"] = meanwhile
    services.editor.apply("Ada", [Edit(Action.LABEL, "pick")], [one])
    assert later[0].waits_for
    eventually(lambda: services.editor.change(later[0].id).state is State.DONE)
    assert services.client.latest_assets([one])[one].metadata.label == "reject"
    services.close()
