"""The official client lists, searches, pages through and retrieves all of a library."""

from __future__ import annotations

import base64

import pytest
import scenario_sdk
from scenario_sdk import Scenario

from tests.contract.items import EACH, TOPICS, items
from tests.support import sample_documents

ALL = sorted(found.id for found, _ in items())
EVERYTHING = 'createdAt >= "1970-01-01"'


def names(page) -> list[str]:
    return [hit.metadata.name for hit in page.hits]


def test_paging_by_offset_meets_every_asset_once(client: Scenario) -> None:
    found = [hit.id for hit in client.search.asset_search(filter=EVERYTHING, limit=7)]
    assert sorted(found) == ALL


def test_paging_a_search_in_words_meets_every_match_once(client: Scenario) -> None:
    found = [hit.metadata.name for hit in client.search.asset_search(query="dragon", limit=4)]
    assert sorted(found) == [f"dragon {step:02d}" for step in range(EACH)]  # type: ignore[type-var]


def test_numbered_pages_meet_every_asset_once(client: Scenario) -> None:
    found = []
    for number in range(1, 6):
        page = client.search.asset_search(filter=EVERYTHING, page=number, hits_per_page=10)
        found += [hit.id for hit in page.hits]
    assert sorted(found) == ALL


def test_a_hit_carries_what_the_file_tells(client: Scenario) -> None:
    page = client.search.asset_search(filter='name = "castle 03"')
    (hit,) = page.hits
    assert hit.tags == ["castle", "set 3"]
    assert hit.created_at == "2025-01-04T08:30:00.000Z"
    assert hit.metadata.prompt == "a red castle"
    assert hit.metadata.seed == "1003"
    assert hit.metadata.guidance == 7.5
    assert hit.metadata.width == 67
    assert hit.thumbnail is not None
    assert hit.thumbnail.asset_id == hit.id


def test_where_the_file_is_comes_as_an_extra_that_the_client_takes(client: Scenario) -> None:
    (hit,) = client.search.asset_search(filter='name = "castle 03"').hits
    found = client.assets.retrieve(hit.id).asset
    told = [(each.metadata.model_extra or {}).get("path") for each in (hit, found)]
    assert told == ["castle 03.png", "castle 03.png"]


def test_every_parameter_is_understood(client: Scenario) -> None:
    page = client.search.asset_search(
        query="castle",
        query_semantic_ratio=0.3,
        images={
            "like": [sample_documents.asset_id("castle 00")],
            "unlike": [sample_documents.asset_id("ship 00")],
        },
        image_semantic_ratio=0.5,
        filter="kind = image",
        sort_by=["createdAt:desc"],
        limit=3,
        public=False,
        original_assets=True,
        project_id="proj_1",
    )
    assert names(page) == ["castle 01", "castle 02", "castle 03"]


def test_a_picture_finds_its_like(client: Scenario) -> None:
    page = client.search.asset_search(image=sample_documents.asset_id("ship 00"), limit=3)
    assert names(page) == ["ship 01", "ship 02", "ship 03"]


def test_an_uploaded_picture_finds_its_like(client: Scenario) -> None:
    content = base64.b64encode(sample_documents.picture(sample_documents.COLOURS["green"])).decode()
    page = client.search.asset_search(image=f"data:image/png;base64,{content}", limit=2)
    assert names(page) == ["dragon 00", "dragon 01"]


def test_public_assets_are_those_marked_public(client: Scenario) -> None:
    page = client.search.asset_search(filter=EVERYTHING, public=True)
    assert names(page) == ["trailer"]


@pytest.mark.parametrize("asset_id", ALL)
def test_every_asset_is_retrieved(client: Scenario, asset_id: str) -> None:
    assert client.assets.retrieve(asset_id).asset.id == asset_id


def test_an_asset_has_its_vector_on_request(client: Scenario) -> None:
    asset_id = sample_documents.asset_id("castle 00")
    plain = client.assets.retrieve(asset_id).asset
    rich = client.assets.retrieve(asset_id, with_embedding=True).asset
    assert plain.embedding is None
    assert len(rich.embedding or []) == 5


def test_many_assets_are_in_the_requested_order(client: Scenario) -> None:
    wanted = ALL[10:30][::-1]
    found = client.assets.get_bulk(asset_ids=[*wanted, "asset_unknown"]).assets
    assert [asset.id for asset in found] == wanted


def test_a_bulk_call_over_its_limit_is_refused_whole(client: Scenario) -> None:
    with pytest.raises(scenario_sdk.BadRequestError, match="at most"):
        client.assets.get_bulk(asset_ids=[f"asset_{step}" for step in range(201)])


def test_what_was_made_from_an_asset_is_listed(client: Scenario) -> None:
    castles = [sample_documents.asset_id(f"castle {step:02d}") for step in range(5)]
    assert [each.id for each in client.assets.list(parent_asset_id=castles[0])] == [castles[1]]
    derived = client.assets.list(root_asset_id=castles[0], page_size=2)
    assert [each.id for each in derived] == castles[:0:-1]
    guide = sample_documents.asset_id("dragon 14")
    (guided,) = client.assets.list(parent_asset_id=guide)
    assert (guided.metadata.name, guided.metadata.reference_images) == ("ship 09", [guide])
    made = client.assets.retrieve(castles[2]).asset.metadata
    assert (made.parent_id, made.root_parent_id) == (castles[1], castles[0])
    assert (made.model_extra or {})["inputs"] == ["castle 01.png"]
    hits = client.search.asset_search(filter=f"rootParentId = {castles[0]}").hits
    assert sorted(hit.id for hit in hits) == sorted(castles[1:])
    with pytest.raises(scenario_sdk.NotFoundError, match="asset_nowhere"):
        list(client.assets.list(parent_asset_id="asset_nowhere"))


def test_all_assets_are_listed_page_by_page(client: Scenario) -> None:
    assert sorted(each.id for each in client.assets.list(page_size=20)) == ALL


def test_tags_are_listed_with_counts_page_by_page(client: Scenario) -> None:
    found = {tag.tag_name: tag.item_count for tag in client.tags.list(page_size=3)}
    expected = {f"set {number}": 12 if number < 3 else 9 for number in range(4)}
    assert found == {topic: 15 for topic, _ in TOPICS} | {"sound": 1} | expected


def test_collections_are_listed_with_names_and_covers(client: Scenario) -> None:
    found = list(client.collections.list(page_size=2))
    assert [(entry.name, entry.item_count) for entry in found] == [
        ("Castle", 15),
        ("Dragon", 15),
        ("Ship", 15),
    ]
    assert [entry.thumbnail.asset_id for entry in found if entry.thumbnail] == [
        sample_documents.asset_id(f"{topic} {EACH - 1:02d}") for topic, _ in TOPICS
    ]


def test_models_have_names(client: Scenario) -> None:
    found = client.models.get_bulk(model_ids=["model_pixels", "model_unknown"], minimal=True)
    assert [(model.id, model.name) for model in found.models] == [("model_pixels", "model_pixels")]


def test_a_download_is_a_signed_url_of_the_format(client: Scenario) -> None:
    asset_id = sample_documents.asset_id("castle 00")
    plain = client.assets.download.request(asset_id)
    webp = client.assets.download.request(asset_id, target_format="webp")
    assert f"/assets/{asset_id}?" in plain.url
    assert f"/assets-transform/{asset_id}?" in webp.url
    assert webp.url.endswith("&format=webp&download=true")
    with pytest.raises(scenario_sdk.BadRequestError, match="is available as wav, not as"):
        client.assets.download.request(sample_documents.asset_id("splash"), target_format="mp3")
    clip = client.assets.download.request(sample_documents.asset_id("trailer"), target_format="mp4")
    assert f"/assets/{sample_documents.asset_id('trailer')}?" in clip.url
    song = client.assets.download.request(sample_documents.asset_id("song"), target_format="mp3")
    assert f"/assets/{sample_documents.asset_id('song')}?" in song.url


def test_a_wrong_key_is_refused(address: str) -> None:
    with (
        Scenario(api_key="key", api_secret="wrong", base_url=address, max_retries=0) as stranger,
        pytest.raises(scenario_sdk.AuthenticationError),
    ):
        stranger.search.asset_search(query="castle")


def test_an_unknown_asset_is_not_found(client: Scenario) -> None:
    with pytest.raises(scenario_sdk.NotFoundError, match="asset_nowhere"):
        client.assets.retrieve("asset_nowhere")
    with pytest.raises(scenario_sdk.NotFoundError, match="asset_nowhere"):
        client.search.asset_search(image="asset_nowhere")


def test_an_empty_search_is_refused(client: Scenario) -> None:
    with pytest.raises(scenario_sdk.BadRequestError, match="at least one search parameter"):
        client.search.asset_search()
