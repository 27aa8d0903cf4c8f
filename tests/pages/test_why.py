"""Why is this here? On its own page, reached from any result of a ranked search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pages.gallery import asset, picture
from tests.pages.wire import answer, page, refusal

if TYPE_CHECKING:
    from bs4 import Tag
    from flask.testing import FlaskClient

    from tests.pages.conftest import Soup
    from tests.pages.wire import Wire

FORT = picture(0, "fort", prompt="a castle in the fog", tags="stone", score=0.8123) | {"score": 77}
LIKED = picture(1, "liked", prompt="fog over a hill", tags="stone moss")
LOATHED = picture(2, "loathed", prompt="neon")


@pytest.fixture(autouse=True)
def _three(wire: Wire) -> None:
    wire.always(page(LOATHED, FORT, total=9))
    wire.always(asset(FORT | {"_rankingScore": 0.1}), on="/v1/assets/asset_fort")
    wire.always(answer({"assets": [LIKED, LOATHED]}), on="/v1/assets/get-bulk")


def lines(found: Tag | None) -> str:
    assert found is not None
    return " ".join(found.get_text(" ").split())


def test_the_words_of_the_query_and_of_the_examples(soup: Soup) -> None:
    """Where each word stands, and what is shared with each example."""
    shown = soup("/why/asset_fort?query=casle+hill&like=asset_liked&unlike=asset_loathed")
    assert [lines(row) for row in shown.select(".reasons dl > div")] == [
        "casle prompt castle with a slip",
        "hill not written here",
    ]
    assert [lines(item) for item in shown.select(".beside li")] == [
        "+ liked Tags stone Words fog",
        "− loathed No words in common.",
    ]


def test_its_place_and_its_ranking_score_come_from_the_answer(soup: Soup) -> None:
    """The page of the address; popularity is never shown as likeness."""
    shown = soup("/why/asset_fort?query=castle&page=2&hitsPerPage=4")
    assert lines(shown.select_one(".place")) == "Result 6 of 9, with a ranking score of 81% ."
    assert "77" not in lines(shown.select_one(".reasons"))


def test_a_score_of_another_answer_is_not_shown(wire: Wire, soup: Soup) -> None:
    """An asset that is not on this page has no place and no score, only words."""
    wire.always(page(LOATHED, total=9))
    shown = soup("/why/asset_fort?query=castle")
    assert shown.select(".place") == []
    assert lines(shown.select_one(".reasons dl")) == "castle prompt castle"


def test_found_by_meaning_it_says_so(soup: Soup) -> None:
    """A word need not be written then."""
    shown = soup("/why/asset_fort?query=fortress&querySemanticRatio=1")
    assert lines(shown.select_one(".reasons dl")) == "fortress not written here; found by meaning"


def test_a_search_that_fails_leaves_the_words(wire: Wire, soup: Soup) -> None:
    """They are of the asset itself."""
    wire.always(refusal(429, "Quota exceeded"))
    assert lines(soup("/why/asset_fort?query=castle").select_one(".reasons dl")) == (
        "castle prompt castle"
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [("kind=image", "It fits the filters."), ("", "Nothing was asked: these are the newest.")],
)
def test_without_words_and_examples_the_filters_are_the_reason(
    soup: Soup, query: str, said: str
) -> None:
    """Also where there are none."""
    assert said in lines(soup(f"/why/asset_fort?{query}").select_one(".reasons"))


def test_results_of_a_ranked_search_lead_here(soup: Soup) -> None:
    """With the search, so that the way back is the way one came."""
    shown = soup("/?query=castle&stacks=on")
    links = [str(link["href"]) for link in shown.select(".card .why")]
    assert links == [
        "/why/asset_loathed?query=castle&stacks=on",
        "/why/asset_fort?query=castle&stacks=on",
    ]
    back = soup(links[1]).select_one("p.back a")
    assert back is not None
    assert back["href"] == "/?query=castle&stacks=on"
    assert soup("/?kind=image").select(".card .why") == []


def test_an_asset_that_is_gone_is_told(wire: Wire, soup: Soup) -> None:
    """As on its own page."""
    wire.always(refusal(404, "Not found"), on="/v1/assets/asset_fort")
    shown = soup("/why/asset_fort?query=castle", status=404)
    assert lines(shown.select_one(".failure h1")) == "This asset does not exist"
    assert soup("/why/%2e%2e", status=404).select_one(".failure") is not None


def test_a_page_that_has_not_changed_is_not_sent_again(client: FlaskClient, wire: Wire) -> None:
    """And one that has is: its answer says something else now."""
    client.get("/?query=castle")  # where the reader comes from: the asset is known then
    first = client.get("/why/asset_fort?query=castle")
    again = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/why/asset_fort?query=castle", headers=again).status_code == 304
    wire.always(page(FORT, total=1))
    assert client.get("/why/asset_fort?query=castle", headers=again).status_code == 200
