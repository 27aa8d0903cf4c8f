"""Files that belong together as one card, the page of a group, and its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from library.store import groups
from tests.support import sample_documents
from tests.support.embedded_library import embedded_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

NAMES = (*(f"hero_v{number}" for number in range(1, 6)), "rock", "tree")
NEWEST = sample_documents.asset_id("hero_v5")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    base = tmp_path_factory.mktemp("groups")
    items = []
    for name in NAMES:
        found = sample_documents.document(name, tags=("tile",), thumbnail=True)
        source = replace(found.source, path=f"{name}.png", sha256=name)
        items.append((replace(found, source=source), sample_documents.COLOURS["red"]))
    index = sample_documents.library(base / "home", items)
    groups.regroup(index)
    index.close()
    return embedded_app(base).test_client()


def parsed(response: TestResponse) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.data, "html.parser")


def test_a_group_is_one_card_with_its_kind_and_number(client: FlaskClient) -> None:
    page = parsed(client.get("/?query=tile"))
    assert [card["data-asset-id"] for card in page.select(".grid .card")].count(NEWEST) == 1
    assert len(page.select(".grid .card")) == 3
    card = page.select_one(f'.card[data-asset-id="{NEWEST}"]')
    assert card
    assert card["data-group"] == "versions"
    link = card.select_one("a.group")
    assert link
    assert link.get_text(strip=True) == "5 versions"
    assert link["href"] == f"/assets/{NEWEST}/group?query=tile"
    count = page.select_one(".count")
    assert count
    assert count.get_text() == "7 results on 3 cards"
    assert count["data-total-hits"] == "7"
    assert "Select all 7 results" in page.get_text()


def test_groups_can_be_turned_off(client: FlaskClient) -> None:
    page = parsed(client.get("/?query=tile"))
    (switch,) = [a for a in page.select("#view a") if "belongs together" in a.get_text()]
    assert switch["aria-current"] == "true"
    assert switch["href"] == "/?query=tile&groups=off"
    page = parsed(client.get(str(switch["href"])))
    assert len(page.select(".grid .card")) == 7
    assert not page.select("a.group")


def test_pages_are_of_cards(client: FlaskClient) -> None:
    shown = []
    for number in (1, 2):
        address = f"/?query=tile&hitsPerPage=2&page={number}"
        page = parsed(client.get(address, follow_redirects=True))
        shown += [card["data-asset-id"] for card in page.select(".grid .card")]
    assert len(shown) == len(set(shown)) == 3
    assert not page.select('.pagination a[rel="next"]')


def test_exports_have_single_assets(client: FlaskClient) -> None:
    rows = client.get("/search.csv?query=tile").get_data(as_text=True).strip().splitlines()
    assert len(rows) == 1 + len(NAMES)


def test_neighbours_lead_from_card_to_card(client: FlaskClient) -> None:
    member = sample_documents.asset_id("hero_v2")  # behind the card of the newest
    for asset_id in (NEWEST, member):
        page = parsed(client.get(f"/assets/{asset_id}?query=tile"))
        position = page.select_one(".result-navigation .position")
        assert position
        assert position.get_text(strip=True).endswith("of 3")


def test_an_asset_page_leads_to_its_group(client: FlaskClient) -> None:
    page = parsed(client.get(f"/assets/{NEWEST}?query=tile"))
    section = page.select_one(".group-section")
    assert section
    assert section.h2
    assert section.h2.get_text() == "5 versions"
    link = section.select_one("lazy-section a")
    assert link
    whole = parsed(client.get(str(link["href"])))
    assert [card["data-asset-id"] for card in whole.select(".grid .card")] == [
        sample_documents.asset_id(f"hero_v{number}") for number in range(5, 0, -1)
    ]
    strip = parsed(client.get(str(section.select_one("lazy-section")["src"])))  # type: ignore[index]
    labels = [each.get_text() for each in strip.select(".group-members .label")]
    assert labels == [f"version {number}" for number in range(5, 0, -1)]
    (current,) = strip.select("[aria-current]")
    assert current["data-asset-id"] == NEWEST


def test_the_members_as_json(client: FlaskClient) -> None:
    found = client.get(f"/assets/{NEWEST}/group.json").get_json()
    assert found["kind"] == "versions"
    assert found["members"][0]["id"] == NEWEST
    assert all(each["src"] for each in found["members"])


@pytest.mark.parametrize("part", ["group", "group.json", "strip/group"])
def test_an_asset_without_a_group(client: FlaskClient, part: str) -> None:
    single = sample_documents.asset_id("rock")
    assert client.get(f"/assets/{single}/{part}").status_code == 404
    assert not parsed(client.get(f"/assets/{single}")).select(".group-section")
