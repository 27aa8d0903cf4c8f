"""The collections as a page and as a panel; suggestions for fields."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.support.scenario_api import answer

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

NAMES = {"c1": "Props", "c2": "Castles, “old” & new", "c3": "castle gates"}


@pytest.fixture(autouse=True)
def _collections(api: FakeAPI) -> None:
    listed = [{"id": each, "name": name, "itemCount": 3} for each, name in NAMES.items()]
    api.always(answer({"collections": listed}), on="/v1/collections")
    tags = [{"tagName": f"castle {number}"} for number in range(40)]
    api.always(answer({"tags": [*tags, {"tagName": "a, b"}]}), on="/v1/tags")


def test_each_collection_links_to_its_assets(soup: Soup) -> None:
    """The one of the search first, with the link out of it."""
    shown = soup("/collections?collectionIds=c1&stacks=on")
    links = shown.select(".collection-list a")
    names = [link.select_one(".name").text for link in links]  # type: ignore[union-attr]
    assert names == ["Props", "castle gates", "Castles, “old” & new"]
    assert [(link["href"], link.get("aria-current")) for link in links] == [
        ("/?stacks=on", "true"),
        ("/?collectionIds=c3&stacks=on", None),
        ("/?collectionIds=c2&stacks=on", None),
    ]


def test_collections_are_found_by_a_part_of_their_name(soup: Soup) -> None:
    shown = soup("/collections?query=hill&find=castle")
    assert len(shown.select(".collection-list li")) == 2
    assert "query=hill" in str(shown.select_one(".back a"))


def test_the_panel_has_the_same_list(soup: Soup) -> None:
    shown = soup("/collections/panel?find=prop")
    assert [each.text for each in shown.select(".collection-list .name")] == ["Props"]
    assert shown.find("html") is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tags?typed=a,", ["a, b"]),
        ("tags?typed=castle", [f"castle {number}" for number in range(12)]),
        (f"collections?typed={quote('castles, “o')}", ["Castles, “old” & new"]),
        ("collections?typed=dragon", []),
    ],
)
def test_suggestions_are_few_and_fit(client: FlaskClient, path: str, expected: list[str]) -> None:
    response = client.get(f"/suggestions/{path}")
    assert response.json == expected
    assert response.headers["Cache-Control"] == "no-store"
