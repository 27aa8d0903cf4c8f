"""The lineage of an asset: a strip on its page, a page of its own, and the calls behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.query.params import pairs_of
from app.query.search import Search
from tests.faults.synthetic import hit
from tests.support.hits import asset_response, image_hit
from tests.support.scenario_api import CDN, answer, make_app, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

PARENT, SECOND = image_hit(1, "sketch"), image_hit(2, "palette")
CHILDREN = [image_hit(number, f"child{number}") for number in range(3, 6)]
ASSET = image_hit(9, "painting")
ASSET["metadata"] |= {
    "parentId": "asset_sketch",
    "rootParentId": "asset_sketch",
    "referenceImages": ["asset_palette", {"assetId": "asset_lost"}],
}


@pytest.fixture
def api(api: FakeAPI) -> FakeAPI:
    """An API with one family of assets."""
    api.always(answer({"assets": [PARENT, SECOND]}), on="/v1/assets/get-bulk")
    api.always(asset_response(ASSET), on="/v1/assets/")
    api.always(answer({"assets": CHILDREN, "nextPaginationToken": "t 2"}), on="/v1/assets")
    return api


def ids(part: BeautifulSoup | Any) -> list[str]:
    """The assets of a part of a page, in order."""
    return [card["data-asset-id"] for card in part.select("article.card")]


def test_an_asset_page_loads_its_lineage(soup: Soup) -> None:
    """The strip is a section that scripts load; without them it is a link."""
    section = soup("/assets/asset_painting?query=castle").select_one("lazy-section[src*=lineage]")
    assert section is not None
    assert section["src"] == "/assets/asset_painting/strip/lineage"
    assert section.a is not None
    assert section.a["href"] == "/assets/asset_painting/lineage?query=castle"


def test_the_strip_has_parents_and_children(soup: Soup, api: FakeAPI) -> None:
    """The direct parent first, then the references; then what was made from the asset."""
    strip = soup("/assets/asset_painting/strip/lineage")
    assert [each.get_text() for each in strip.select("h3")] == ["Made from", "Made from this"]
    assert ids(strip) == [
        "asset_sketch",
        "asset_palette",
        "asset_child3",
        "asset_child4",
        "asset_child5",
    ]
    sent = [request for request in api.received("/v1/assets") if request.path == "/v1/assets"]
    assert [each.query for each in sent] == [
        {"parentAssetId": "asset_painting", "pageSize": "48"},
    ]


def test_the_page_reports_parents_that_are_gone(soup: Soup) -> None:
    """With the id that the asset states, also where a reference is an object."""
    page = soup("/assets/asset_painting/lineage")
    assert "asset_lost: This parent does not exist any more." in page.get_text()
    assert page.select_one("a.back[href='/assets/asset_painting']")


def test_the_children_are_paged(soup: Soup, api: FakeAPI) -> None:
    """By the token of the API; the search that the reader came from stays."""
    page = soup("/assets/asset_painting/lineage?query=castle")
    following = page.select_one("a[rel=next]")
    assert following is not None
    assert following["href"] == "/assets/asset_painting/lineage?query=castle&next=t+2"
    soup(str(following["href"]))
    assert api.received("/v1/assets")[-1].query["paginationToken"] == "t 2"


def test_all_levels_begin_at_the_origin(soup: Soup, api: FakeAPI) -> None:
    """Everything that comes from the first asset of the lineage is one link away."""
    page = soup("/assets/asset_painting/lineage")
    link = page.select_one('a[href*="levels=all"]')
    assert link is not None
    assert link["href"] == "/assets/asset_sketch/lineage?levels=all"
    soup("/assets/asset_painting/lineage?levels=all")
    assert "rootAssetId" in api.received("/v1/assets")[-1].query


def test_an_asset_without_a_lineage(api: FakeAPI, soup: Soup) -> None:
    """It says so; nothing else is requested for parents."""
    plain = hit(16, cdn=CDN)
    api.always(asset_response(plain), on="/v1/assets/")
    api.always(answer({"assets": []}), on="/v1/assets")
    assert (
        "No parents or children are known."
        in soup(f"/assets/{plain['id']}/strip/lineage").get_text()
    )
    assert not api.received("/v1/assets/get-bulk")


def library_page(api: FakeAPI, tmp_path: Path, path: str) -> BeautifulSoup:
    """A page of an application in front of Akin's own library."""
    client = make_app(api, tmp_path, by_library=True).test_client()
    return BeautifulSoup(client.get(path).data, "html.parser")


def test_the_library_searches_in_a_lineage(api: FakeAPI, tmp_path: Path) -> None:
    """Among the children, also those that only refer to the asset, and at all levels."""
    path = "/assets/asset_painting/lineage"
    shown = library_page(api, tmp_path, path)
    assert shown.select_one(".actions a[href='/?parentId=asset_painting']")
    shown = library_page(api, tmp_path, f"{path}?levels=all")
    assert shown.select_one(".actions a[href='/?rootParentId=asset_painting']")
    child = image_hit(7, "collage")
    child["metadata"]["referenceImages"] = ["asset_painting"]
    api.always(answer({"assets": [child]}), on="/v1/assets")
    shown = library_page(api, tmp_path, path)
    link = next(str(each["href"]) for each in shown.select(".actions a[href^='/?filter']"))
    assert Search.parse(pairs_of(link.partition("?")[2])).filter == (
        'parentId = "asset_painting" OR referenceImages = "asset_painting"'
    )


def test_a_parent_is_a_filter(api: FakeAPI, tmp_path: Path) -> None:
    """With its name in the chip and a box in the panel; from the asset's page by a link."""
    shown = library_page(api, tmp_path, "/?parentId=asset_sketch")
    assert 'parentId IN ["asset_sketch"]' in api.body()["filter"]
    chips = [each.get_text() for each in shown.select(".status .chips .chip")]
    assert chips == ["parent sketch"]
    assert shown.select_one("input[name=parentId][value=asset_sketch][checked]")
    page = library_page(api, tmp_path, "/assets/asset_painting")
    link = page.select_one("dd a[href='/?parentId=asset_sketch']")
    assert link is not None
    assert link.get_text() == "sketch"


def test_the_api_cannot_filter_by_parent(api: FakeAPI, soup: Soup) -> None:
    """The condition is left out, with a notice."""
    shown = soup("/?parentId=asset_sketch")
    assert "parentId" not in api.body()["filter"]
    assert "The API cannot filter by parent." in shown.get_text()


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_the_listing(api: FakeAPI, soup: Soup, status: int) -> None:
    """The parents are shown all the same."""
    api.always(refusal(status, "Not found"), on="/v1/assets")
    assert ids(soup("/assets/asset_painting/lineage")) == ["asset_sketch", "asset_palette"]


def test_a_failing_listing_has_an_error_page(api: FakeAPI, client: FlaskClient) -> None:
    """The strip fails with a status, so that its link stays in place."""
    api.always(refusal(503, "down"), on="/v1/assets")
    response = client.get("/assets/asset_painting/strip/lineage")
    assert response.status_code == 502
