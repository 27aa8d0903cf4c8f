"""Calls that write, over the Scenario API: chunks, what is there already, lost responses, keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import (
    EditRefused,
    QuotaExceeded,
    UnknownAsset,
    UnknownCollection,
    WriteNotAllowed,
    WriteUncertain,
)
from app.query.search import Search
from app.scenario.key_refusals import RefusedWrites
from app.scenario.write_calls import MOST_MEMBERS
from app.web.context import services_of
from tests.support.scenario_api import FakeAPI, Reply, asset_id, make_app, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from app.scenario.client import Client

ONE, TWO = asset_id(8), asset_id(16)
TAGS = f"/v1/assets/{ONE}/tags"
LOST = refusal(500, "Gateway", x_should_retry="true", retry_after_ms="1")


@pytest.fixture
def api() -> FakeAPI:
    """An API that works."""
    return FakeAPI()


@pytest.fixture
def client(api: FakeAPI, tmp_path: Path) -> Client:
    """The client of an application, without a cache."""
    return services_of(make_app(api, tmp_path)).client


class Lossy(FakeAPI):
    """Does what calls to a path ask for, and loses its responses."""

    lossy = ""

    def _reply(self, answer: str | Reply, request: Any) -> Reply:
        reply = super()._reply(answer, request)
        is_lost = self.lossy and request.path == self.lossy and request.method != "GET"
        return refusal(502, "Bad gateway") if is_lost else reply


def _tags(client: Client, asset: str = ONE) -> tuple[str, ...]:
    return client.latest_assets([asset])[asset].tags


@pytest.mark.parametrize("tag", ["a, b", 'say "x"', "🐉", "ß" * 500, "a/../b", "rating:9"])
def test_any_tag_is_added_and_deleted(client: Client, tag: str) -> None:
    before = _tags(client)
    client.edit_tags(ONE, [tag], [], by="Ann")
    client.edit_tags(ONE, [tag], [])
    assert _tags(client) == (*before, tag)
    client.edit_tags(ONE, [], [tag, "never there"])
    assert _tags(client) == before


def test_a_rating_is_a_tag_there_and_stars_here(client: Client, api: FakeAPI) -> None:
    tags = _tags(client)
    for stars in (3, 5):
        client.edit_asset(ONE, rating=stars, label="pick")
    api.next(Reply(200, json.dumps({"tags": [{"tagName": "rating:5"}]}).encode()), on="/v1/tags")
    assert client.tags() == ()
    body = api.received(TAGS)[-1].json
    assert (body["add"], "rating:3" in body["delete"]) == (["rating:5", "label:pick"], True)
    hits = client.search(Search(query=api.healthy.hit(8)["metadata"]["name"]), str).hits
    found = [
        client.latest_assets([ONE])[ONE],
        client.asset(ONE),
        client.assets([ONE])[ONE],
        *(hit for hit in hits if hit.id == ONE),
    ]
    shown = [(each.metadata.rating, each.metadata.label, each.tags) for each in found]
    assert shown == [(5, "pick", tags)] * 4
    client.edit_asset(ONE, rating=0, label="")
    asset = client.asset(ONE)
    assert (asset.metadata.rating, asset.metadata.label, asset.tags) == (None, None, tags)


def test_sensitive_by_hand_wins(client: Client, api: FakeAPI) -> None:
    marked = asset_id(6)
    api.healthy.writes.change(api.healthy.hit(6), nsfw=["suggestive"])
    for value, shown in (((), ()), (("sensitive",), ("suggestive",)), (None, ("suggestive",))):
        client.edit_asset(marked, nsfw=value)
        assert client.asset(marked).nsfw == shown
    client.edit_asset(ONE, nsfw=("sensitive",))
    assert client.asset(ONE).nsfw == ("sensitive",)


def test_name_and_description_are_fields(client: Client) -> None:
    client.edit_asset(ONE, name="Keep 🏰", description="of\nthe north")
    asset = client.asset(ONE)
    assert (asset.metadata.name, asset.description) == ("Keep 🏰", "of\nthe north")


def test_a_tag_that_stands_for_a_field_is_refused(client: Client, api: FakeAPI) -> None:
    with pytest.raises(EditRefused, match="Rating:4"):
        client.edit_tags(ONE, ["Rating:4"], [])
    assert api.received(TAGS) == []


# --- collections ------------------------------------------------------------------------------


def test_a_collection_from_beginning_to_end(client: Client) -> None:
    made = client.create_collection('Best, "of" 🐉')
    assert client.collection(made.id).name == 'Best, "of" 🐉'
    assert client.edit_members(made.id, [ONE, TWO, ONE, "asset_gone"], add=True) == (ONE, TWO)
    assert client.edit_members(made.id, [ONE, asset_id(1)], add=True) == (asset_id(1),)
    assert made.id in client.asset(ONE).collectionIds
    assert client.edit_members(made.id, [ONE, asset_id(9)], add=False) == (ONE,)
    for _ in range(2):
        client.delete_collection(made.id)
    with pytest.raises(UnknownCollection):
        client.collection(made.id)
    with pytest.raises(UnknownCollection):
        client.edit_members(made.id, [ONE], add=True)


def test_no_more_than_the_api_takes_at_once(client: Client) -> None:
    with pytest.raises(ValueError, match="50 assets"):
        client.edit_members("collection_1", ["a"] * (MOST_MEMBERS + 1), add=True)


def test_what_another_adds_meanwhile_is_left_out(client: Client, api: FakeAPI) -> None:
    """The first call is refused because of it; the rest is added."""
    assert client.edit_members("collection_4", [ONE], add=True) == (ONE,)
    stale = json.dumps({"assets": [api.healthy.hit(8), api.healthy.hit(16)]}).encode()
    api.next(Reply(200, stale), on="/v1/assets/get-bulk")
    client.edit_members("collection_4", [ONE, TWO], add=True)
    assert all("collection_4" in client.asset(each).collectionIds for each in (ONE, TWO))


def test_an_asset_that_is_deleted_meanwhile_is_left_out(client: Client, api: FakeAPI) -> None:
    stale = json.dumps({"assets": [api.healthy.hit(8), api.healthy.hit(16)]}).encode()
    api.healthy.writes.deleted.add(TWO)
    api.next(Reply(200, stale), on="/v1/assets/get-bulk")
    client.edit_members("collection_4", [ONE, TWO], add=True)
    assert "collection_4" in client.asset(ONE).collectionIds


# --- failures ---------------------------------------------------------------------------------


def test_a_change_whose_response_is_lost_is_looked_for(tmp_path: Path) -> None:
    api = Lossy()
    client = services_of(make_app(api, tmp_path)).client
    api.lossy = TAGS
    client.edit_tags(ONE, ["kept"], [])
    client.edit_asset(ONE, rating=4)
    assert client.asset(ONE).metadata.rating == 4
    api.lossy = f"/v1/assets/{ONE}"
    client.edit_asset(ONE, name="Keep")
    api.lossy = "/v1/collections"
    made = client.create_collection("Best")
    assert [name for name in api.healthy.writes.collections.values() if name == "Best"] == ["Best"]
    api.lossy = f"/v1/collections/{made.id}/assets"
    assert client.edit_members(made.id, [ONE], add=True) == (ONE,)
    api.lossy = f"/v1/collections/{made.id}"
    client.delete_collection(made.id)
    assert made.id not in api.healthy.writes.collections


def test_a_change_that_failed_is_reported_as_uncertain(client: Client, api: FakeAPI) -> None:
    api.always(refusal(502, "Bad gateway"), on=TAGS)
    with pytest.raises(WriteUncertain, match="Bad gateway"):
        client.edit_tags(ONE, ["lost"], [])
    api.always(refusal(502, "Bad gateway"), on="/v1/assets/get-bulk")
    with pytest.raises(WriteUncertain, match="Bad gateway"):
        client.edit_tags(ONE, ["lost"], [])


def test_a_rating_that_failed_is_reported_as_uncertain(client: Client, api: FakeAPI) -> None:
    """Over the Scenario API it is a tag, which the asset does not show."""
    api.always(refusal(502, "Bad gateway"), on=TAGS)
    with pytest.raises(WriteUncertain, match="Bad gateway"):
        client.edit_asset(ONE, rating=4)


def test_a_new_collection_is_requested_once_where_the_first_may_exist(
    client: Client, api: FakeAPI
) -> None:
    api.next(LOST, on="/v1/collections")
    with pytest.raises(WriteUncertain):
        client.create_collection("Best")
    assert [request.method for request in api.received("/v1/collections")] == ["POST", "GET"]
    api.next(refusal(429, "Wait", x_should_retry="true", retry_after_ms="1"), on="/v1/collections")
    assert client.create_collection("Best").name == "Best"


def test_other_changes_are_retried(client: Client, api: FakeAPI) -> None:
    api.next(LOST, on=TAGS)
    client.edit_tags(ONE, ["kept"], [])
    assert len(api.received(TAGS)) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(403, "read-only key"), WriteNotAllowed),
        (refusal(400, "bad filter tag"), EditRefused),
        (refusal(422, "too long"), EditRefused),
        (refusal(404, "no such asset"), UnknownAsset),
        (refusal(429, "slowly"), QuotaExceeded),
    ],
)
def test_a_refused_change_says_why(
    client: Client, api: FakeAPI, reply: Reply, error: type[Exception]
) -> None:
    api.always(reply, on=TAGS)
    with pytest.raises(error):
        client.edit_tags(ONE, ["x"], [])
    assert len(api.received(TAGS)) == 1


def test_a_key_that_may_only_read_is_recorded(api: FakeAPI, tmp_path: Path) -> None:
    """Tags by themselves; not where the asset is public, and may belong to others."""
    services = services_of(make_app(api, tmp_path))
    api.healthy.writes.can_write = False
    public = next(n for n in range(120) if api.healthy.hit(n)["privacy"] == "public")
    private = next(n for n in range(120) if api.healthy.hit(n)["privacy"] == "private")
    for number, expected in ((public, RefusedWrites()), (private, RefusedWrites(tags=True))):
        with pytest.raises(WriteNotAllowed):
            services.client.edit_asset(asset_id(number), rating=1)
        assert services.refused_writes() == expected
    with pytest.raises(WriteNotAllowed):
        services.client.create_collection("Best")
    assert services.refused_writes() == RefusedWrites(tags=True, all=True)


@pytest.mark.parametrize("by_library", [True, False])
def test_the_user_is_named_to_akins_own_library_alone(
    api: FakeAPI, tmp_path: Path, *, by_library: bool
) -> None:
    client = services_of(make_app(api, tmp_path, by_library=by_library)).client
    client.edit_tags(ONE, ["x"], [], by="Zoë / 美\r\nX: y")
    expected = "Zo%C3%AB %2F %E7%BE%8E%0D%0AX%3A y" if by_library else None
    assert api.received(TAGS)[0].headers.get("x-akin-user") == expected
