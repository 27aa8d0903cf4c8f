"""Background of transparent pictures: a choice in the URL that all links carry on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.hits import image_hit
from tests.support.scenario_api import asset_id, page

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

ASSET = asset_id(16)


def grounds(soup: BeautifulSoup) -> list[tuple[str, str, bool]]:
    """The links to the grounds: what each says, where it leads, whether it is the chosen one."""
    return [
        (link.get_text(strip=True), str(link["href"]), link.has_attr("aria-current"))
        for link in soup.select(".backgrounds a")
    ]


def test_the_grounds_are_links_to_the_same_search(soup: Soup, api: FakeAPI) -> None:
    """As the page, unless something else is chosen."""
    api.always(page(image_hit(0, "a"), total=60))
    assert grounds(soup("/?query=x&page=2&ground=dark")) == [
        ("As the page", "/?query=x&page=2", False),
        ("Light", "/?query=x&page=2&ground=light", False),
        ("Dark", "/?query=x&page=2&ground=dark", True),
        ("Checkered", "/?query=x&page=2&ground=checkered", False),
    ]


@pytest.mark.parametrize("ground", ["light", "dark", "checkered"])
def test_a_ground_goes_along(soup: Soup, api: FakeAPI, ground: str) -> None:
    """To the next page, to the asset, to the next search."""
    api.always(page(image_hit(0, "a"), total=60))
    results = soup(f"/?query=x&ground={ground}")
    assert [each["data-background"] for each in results.select("[data-background]")] == [ground]
    assert [link["href"] for link in results.select(".card .picture")] == [
        f"/assets/asset_a?query=x&ground={ground}"
    ]
    assert [link["href"] for link in results.select(".pagination a[rel=next]")] == [
        f"/?query=x&page=2&ground={ground}"
    ]
    assert [each["value"] for each in results.select("#search [name=ground]")] == [ground]


def test_without_a_choice_there_is_no_ground(soup: Soup) -> None:
    """The page is what pictures are seen on."""
    assert soup("/").select("[data-background]") == []


def test_an_asset_has_the_same_choice(soup: Soup) -> None:
    """Beside its picture, with the search that the reader came from."""
    asset = soup(f"/assets/{ASSET}?query=x&ground=light")
    assert [each["data-background"] for each in asset.select("[data-background]")] == ["light"]
    assert grounds(asset) == [
        ("As the page", f"/assets/{ASSET}?query=x", False),
        ("Light", f"/assets/{ASSET}?query=x&ground=light", True),
        ("Dark", f"/assets/{ASSET}?query=x&ground=dark", False),
        ("Checkered", f"/assets/{ASSET}?query=x&ground=checkered", False),
    ]
    assert [link["href"] for link in asset.select(".back")] == ["/?query=x&ground=light"]
