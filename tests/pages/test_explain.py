"""The page "Why is this here?", linked from every result of a ranked search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.hits import asset_response, image_hit
from tests.support.scenario_api import answer, page, refusal

if TYPE_CHECKING:
    from bs4 import Tag
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

FORT = image_hit(0, "fort", prompt="a castle in the fog", tags="stone") | {"score": 77}
LIKED = image_hit(1, "liked", prompt="fog over a hill", tags="stone moss")
LOATHED = image_hit(2, "loathed", prompt="neon")


@pytest.fixture(autouse=True)
def _three(api: FakeAPI) -> None:
    api.always(page(LOATHED, FORT, total=9))
    api.always(asset_response(FORT), on="/v1/assets/asset_fort")
    api.always(answer({"assets": [LIKED, LOATHED]}), on="/v1/assets/get-bulk")


def lines(found: Tag | None) -> str:
    assert found is not None
    return " ".join(found.get_text(" ").split())


def test_the_words_of_the_query_and_of_the_examples(soup: Soup) -> None:
    """Where each word stands, and what is shared with each example."""
    shown = soup("/why/asset_fort?query=casle+hill&like=asset_liked&unlike=asset_loathed")
    assert [lines(row) for row in shown.select(".reasons dl > div")] == [
        "casle prompt castle with a typo",
        "hill not in its text",
    ]
    assert [lines(item) for item in shown.select(".shared-features li")] == [
        "+ liked Tags stone Words fog",
        "− loathed No words in common.",
    ]


def test_its_place_comes_from_the_answer(soup: Soup) -> None:
    """The page of the address; popularity is never shown as likeness, and no score as a reason."""
    shown = soup("/why/asset_fort?query=castle&page=2&hitsPerPage=4")
    assert lines(shown.select_one(".rank")) == "Result 6 of 9."
    assert "77" not in lines(shown.select_one(".reasons"))


def test_an_asset_of_another_page_has_no_place(api: FakeAPI, soup: Soup) -> None:
    """Only words."""
    api.always(page(LOATHED, total=9))
    shown = soup("/why/asset_fort?query=castle")
    assert shown.select(".rank") == []
    assert lines(shown.select_one(".reasons dl")) == "castle prompt castle"


def test_found_by_meaning_it_says_so(soup: Soup) -> None:
    """A word need not be written then."""
    shown = soup("/why/asset_fort?query=fortress&querySemanticRatio=1")
    assert lines(shown.select_one(".reasons dl")) == "fortress not in its text; found by meaning"


def test_a_search_that_fails_leaves_the_words(api: FakeAPI, soup: Soup) -> None:
    """They are of the asset itself."""
    api.always(refusal(429, "Quota exceeded"))
    assert lines(soup("/why/asset_fort?query=castle").select_one(".reasons dl")) == (
        "castle prompt castle"
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("kind=image", "It matches the filters."),
        ("", "There is no query: the newest assets are shown."),
    ],
)
def test_without_words_and_examples_the_filters_are_the_reason(
    soup: Soup, query: str, said: str
) -> None:
    """Also where there are none."""
    assert said in lines(soup(f"/why/asset_fort?{query}").select_one(".reasons"))


def test_results_of_a_ranked_search_lead_here(soup: Soup) -> None:
    """With the search, so that the way back is the way one came."""
    shown = soup("/?query=castle&stacks=on")
    links = [str(link["href"]) for link in shown.select(".card .explain")]
    assert links == [
        "/why/asset_loathed?query=castle&stacks=on",
        "/why/asset_fort?query=castle&stacks=on",
    ]
    back = soup(links[1]).select_one("p.back a")
    assert back is not None
    assert back["href"] == "/?query=castle&stacks=on"
    assert soup("/?kind=image").select(".card .explain") == []


def test_a_missing_asset_is_reported(api: FakeAPI, soup: Soup) -> None:
    """As on the page of the asset."""
    api.always(refusal(404, "Not found"), on="/v1/assets/asset_fort")
    shown = soup("/why/asset_fort?query=castle", status=404)
    assert lines(shown.select_one(".failure h1")) == "This asset does not exist"
    assert soup("/why/%2e%2e", status=404).select_one(".failure") is not None


def test_a_page_that_has_not_changed_is_not_sent_again(client: FlaskClient, api: FakeAPI) -> None:
    """And one that has is: its answer says something else now."""
    client.get("/?query=castle")  # where the reader comes from: the asset is known then
    first = client.get("/why/asset_fort?query=castle")
    again = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/why/asset_fort?query=castle", headers=again).status_code == 304
    api.always(page(FORT, total=1))
    assert client.get("/why/asset_fort?query=castle", headers=again).status_code == 200
