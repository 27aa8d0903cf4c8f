"""The official client performs every call that writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import scenario_sdk

from tests.support import sample_documents

if TYPE_CHECKING:
    from scenario_sdk import Scenario

CASTLES = [sample_documents.asset_id(f"castle {step:02d}") for step in range(4)]


def _ids(client: Scenario, condition: str) -> list[str]:
    return sorted(hit.id for hit in client.search.asset_search(filter=condition, limit=100))


def test_tags_are_added_and_deleted(writer: Scenario) -> None:
    answer = writer.assets.update_tags(CASTLES[0], add=["a, b", "castle"], delete=["set 0", "none"])
    assert (answer.added, answer.deleted) == (["a, b"], ["set 0"])
    assert writer.assets.retrieve(CASTLES[0]).asset.tags == ["castle", "a, b"]
    assert _ids(writer, 'tags = "a, b"') == [CASTLES[0]]
    assert "a, b" in [tag.tag_name for tag in writer.tags.list()]


def test_strict_changes_of_tags_are_refused(writer: Scenario) -> None:
    changes: list[dict[str, Any]] = [{"add": ["castle"]}, {"delete": ["none"]}]
    for change in changes:
        with pytest.raises(scenario_sdk.BadRequestError):
            writer.assets.update_tags(CASTLES[0], strict=True, **change)


def test_name_and_description_are_changed(writer: Scenario) -> None:
    answer = writer.assets.update(CASTLES[0], name="Keep", description="of the north")
    assert (answer.asset.metadata.name, answer.asset.description) == ("Keep", "of the north")
    found = writer.search.asset_search(query="north keep").hits
    assert found[0].id == CASTLES[0]


def test_what_the_api_does_not_have_is_sent_as_an_extension(writer: Scenario) -> None:
    more = {"rating": 4, "label": "pick", "nsfw": ["gore"]}
    asset = writer.assets.update(CASTLES[0], extra_body=more).asset
    assert asset.nsfw == ["gore"]
    assert asset.metadata.model_extra
    assert asset.metadata.model_extra["rating"] == 4
    assert _ids(writer, "rating >= 4 AND label = pick") == [CASTLES[0]]


def test_a_collection_from_beginning_to_end(writer: Scenario) -> None:
    made = writer.collections.create(name="Best 🐉").collection
    assert (made.name, made.item_count) == ("Best 🐉", 0)
    added = writer.collections.assets.add(made.id, asset_ids=CASTLES).collection
    assert added.item_count == 4
    assert _ids(writer, f"collectionIds = {made.id}") == sorted(CASTLES)
    with pytest.raises(scenario_sdk.BadRequestError, match="already"):
        writer.collections.assets.add(made.id, asset_ids=CASTLES[:1])
    with pytest.raises(scenario_sdk.BadRequestError, match="49"):
        writer.collections.assets.add(made.id, asset_ids=[f"asset_{n}" for n in range(50)])
    writer.collections.update(made.id, name="Better", thumbnail=CASTLES[1])
    left = writer.collections.assets.remove(made.id, asset_ids=CASTLES[2:]).collection
    now = writer.collections.retrieve(made.id).collection
    assert left.model_dump() == now.model_dump()
    assert (left.name, left.item_count) == ("Better", 2)
    assert left.thumbnail
    assert left.thumbnail.asset_id == CASTLES[1]
    assert "Better" in [each.name for each in writer.collections.list()]
    writer.collections.delete(made.id)
    with pytest.raises(scenario_sdk.NotFoundError):
        writer.collections.retrieve(made.id)
    assert _ids(writer, f"collectionIds = {made.id}") == []


def test_unknown_assets_and_collections_are_not_found(writer: Scenario) -> None:
    with pytest.raises(scenario_sdk.NotFoundError, match="asset_x"):
        writer.assets.update_tags("asset_x", add=["a"])
    with pytest.raises(scenario_sdk.NotFoundError, match="collection_x"):
        writer.collections.assets.add("collection_x", asset_ids=CASTLES)


def test_a_library_that_may_only_be_read_says_so(client: Scenario) -> None:
    with pytest.raises(scenario_sdk.PermissionDeniedError, match="AKIN_WRITE"):
        client.assets.update_tags(CASTLES[0], add=["a"])
    with pytest.raises(scenario_sdk.PermissionDeniedError, match="AKIN_WRITE"):
        client.collections.create(name="a")
