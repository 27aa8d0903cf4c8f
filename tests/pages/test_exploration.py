"""Exploration: from picture to similar pictures, with the trail in the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.hits import asset_response, image_hit
from tests.support.scenario_api import answer, page

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

HERE = image_hit(0, "here")
NEAR = [image_hit(at, f"n{at}") for at in range(1, 31)]


@pytest.fixture(autouse=True)
def _neighbours(api: FakeAPI) -> None:
    api.always(page(*NEAR))
    api.always(answer({"assets": [HERE, *NEAR]}), on="/v1/assets/get-bulk")
    for each in (HERE, *NEAR):
        api.always(asset_response(each), on=f"/v1/assets/{each['id']}")


def hops(soup: BeautifulSoup) -> list[str]:
    return [str(link["href"]) for link in soup.select(".next-images a")]


def trail(soup: BeautifulSoup) -> list[tuple[str, str, str | None]]:
    """The pictures of the trail: their names, where they lead, which is the present one."""
    return [
        (str(link["title"]), str(link["href"]), link.get("aria-current"))  # type: ignore[misc]
        for link in soup.select(".breadcrumbs li a")
    ]


def test_every_hop_takes_the_trail_along(api: FakeAPI, soup: Soup) -> None:
    """The filters of the search hold for neighbours; words and examples do not."""
    shown = soup("/wander/asset_here?query=castle&like=asset_n30&kind=image&page=4")
    assert api.body() == {
        "image": "asset_here",
        "filter": 'kind IN ["image"]',
        "page": 1,
        "hitsPerPage": 48,
    }
    found = hops(shown)
    assert len(found) == 6
    suffix = "?query=castle&like=asset_n30&kind=image&page=4&trail=asset_here"
    assert {address.partition("?")[1] + address.partition("?")[2] for address in found} == {suffix}
    next_one = soup(found[2])
    assert len(trail(next_one)) == 2
    further = ["&trail=asset_here&trail=asset_n" in address for address in hops(next_one)]
    assert further == [True] * 6


def test_the_trail_leads_back_to_each_of_its_pictures(soup: Soup) -> None:
    """With what was before it, so that another way can be taken from there."""
    shown = soup("/wander/asset_here?trail=asset_n1&trail=asset_n2")
    assert trail(shown) == [
        ("n1", "/wander/asset_n1", None),
        ("n2", "/wander/asset_n2?trail=asset_n1", None),
        ("here", "/wander/asset_here?trail=asset_n1&trail=asset_n2", "step"),
    ]
    assert not {"asset_n1", "asset_n2"} & {
        address.partition("?")[0].rpartition("/")[2] for address in hops(shown)
    }


def test_the_same_link_shows_the_same(soup: Soup) -> None:
    """The URL can be shared."""
    link = "/wander/asset_here?trail=asset_n9"
    assert hops(soup(link)) == hops(soup(link))


def test_the_whole_way_can_be_searched_by(soup: Soup) -> None:
    """As likes; there is no such link before the first step."""
    assert soup("/wander/asset_here").select(".breadcrumbs .button") == []
    link = soup("/wander/asset_here?kind=image&trail=asset_n2").select_one(".breadcrumbs .button")
    assert link is not None
    assert link["href"] == "/?like=asset_here&like=asset_n2&kind=image"


def test_where_nothing_is_near_the_page_says_so(api: FakeAPI, soup: Soup) -> None:
    """The way back is still there."""
    api.always(page(HERE))
    shown = soup("/wander/asset_here?trail=asset_n1")
    assert hops(shown) == []
    hint = shown.select_one(".next-images .hint")
    assert hint is not None
    assert hint.get_text().startswith("Nothing near is left")


def test_a_trail_of_nonsense_is_no_trail(soup: Soup) -> None:
    """Nor is one that never ends."""
    assert len(trail(soup("/wander/asset_here?trail=../x&trail="))) == 1
    endless = "&".join(f"trail=asset_n{at % 30 + 1}" for at in range(400))
    assert len(trail(soup(f"/wander/asset_here?{endless}"))) == 41
    assert soup("/wander/a%20b", status=404).select_one(".failure") is not None
