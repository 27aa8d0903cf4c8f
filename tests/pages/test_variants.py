"""Variant stacks and taste words on the page of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.hits import image_hit
from tests.support.scenario_api import answer, page

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

HITS = [
    image_hit(0, "a", job="j"),
    image_hit(1, "b", prompt="fog"),
    image_hit(2, "c", job="j"),
    image_hit(3, "d", prompt="Fog"),
    image_hit(4, "e"),
]


@pytest.fixture(autouse=True)
def _variants(api: FakeAPI) -> None:
    api.always(page(*HITS, total=60))


def cards(soup: BeautifulSoup) -> list[str]:
    return [str(card["data-asset-id"])[6:] for card in soup.select(".grid .card")]


def stacks(soup: BeautifulSoup) -> list[tuple[str, str, str]]:
    """The links of the stacks: how many, whether open, where they lead."""
    return [
        (link.get_text(strip=True), str(link["aria-expanded"]), str(link["href"]))
        for link in soup.select(".card .variants")
    ]


def test_stacks_are_a_switch_in_the_address(soup: Soup) -> None:
    """Off, every hit is a card; on, one of each stack."""
    plain = soup("/?query=x")
    assert (cards(plain), stacks(plain)) == (["a", "b", "c", "d", "e"], [])
    assert len(plain.select("a[href='/?query=x&stacks=on']")) == 1
    folded = soup("/?query=x&stacks=on")
    assert cards(folded) == ["a", "b", "e"]
    assert stacks(folded) == [
        ("2", "false", "/?query=x&stacks=on&unfold=asset_a#variants-asset_a"),
        ("2", "false", "/?query=x&stacks=on&unfold=asset_b#variants-asset_b"),
    ]
    assert len(folded.select("a[href='/?query=x']")) == 1


def test_a_stack_unfolds_in_place(soup: Soup) -> None:
    """Its variants follow it, and the link folds it again."""
    shown = soup("/?query=x&stacks=on&unfold=asset_a")
    assert cards(shown) == ["a", "c", "b", "e"]
    assert stacks(shown)[0] == ("2", "true", "/?query=x&stacks=on#variants-asset_a")
    behind = [card["data-asset-id"] for card in shown.select(".expanded > .card")]
    assert behind == ["asset_c"]


def test_every_way_on_keeps_the_stacks_and_not_which_lie_open(soup: Soup) -> None:
    """They are other hits on another page."""
    shown = soup("/?query=x&kind=image&stacks=on&unfold=asset_a")
    links = {
        name: str(link["href"])
        for name, selector in {
            "next": 'a[rel="next"]',
            "chip": ".chips a",
            "preset": ".presets a",
            "asset": ".card .picture",
        }.items()
        if (link := shown.select_one(selector)) is not None
    }
    assert links == {
        "next": "/?query=x&kind=image&page=2&stacks=on",
        "chip": "/?query=x&stacks=on",
        "preset": "/?query=x&kind=image&width=512..&height=512..&stacks=on",
        "asset": "/assets/asset_a?query=x&kind=image&stacks=on&unfold=asset_a",
    }
    hidden = [(each["name"], each["value"]) for each in shown.select("#search [type=hidden]")]
    assert hidden == [("stacks", "on")]


@pytest.mark.parametrize(
    ("clumsy", "canonical"),
    [
        ("/?stacks=true&query=x", "/?query=x&stacks=on"),
        ("/?query=x&stacks=off", "/?query=x"),
        ("/?query=x&unfold=asset_a", "/?query=x"),
    ],
)
def test_one_view_has_one_address(client: FlaskClient, clumsy: str, canonical: str) -> None:
    """Display settings have one canonical form too."""
    assert client.get(clumsy).headers["Location"] == canonical


def test_the_json_is_of_the_search_alone(client: FlaskClient, api: FakeAPI) -> None:
    """The same query string works for programs; how a page shows it means nothing there."""
    found = client.get("/search.json?query=x&stacks=on&unfold=asset_a")
    assert (found.status_code, found.get_json()["search"]["url"]) == (200, "/?query=x")
    assert len(found.get_json()["hits"]) == len(HITS)
    assert api.body() == {"query": "x", "page": 1, "hitsPerPage": 48}


def test_taste_words_tell_likes_from_unlikes(api: FakeAPI, soup: Soup) -> None:
    """A tag leads to its facet, a word of a prompt to the query or the filter."""
    examples = [
        image_hit(5, "liked", tags="night", prompt="neon rain"),
        image_hit(6, "loved", tags="night", prompt="rain"),
        image_hit(7, "loathed", prompt="rain & sunshine"),
    ]
    api.always(answer({"assets": examples}), on="/v1/assets/get-bulk")
    shown = soup("/?like=asset_liked&like=asset_loved&unlike=asset_loathed&stacks=on")
    chips = shown.select(".distinctive-terms a")
    same = "like=asset_liked&like=asset_loved&unlike=asset_loathed"
    assert [(chip["aria-label"], chip["href"]) for chip in chips] == [
        ("Add: night", f"/?{same}&tags=night&stacks=on"),
        ("Avoid: sunshine", f"/?{same}&filter=NOT+prompt+CONTAINS+%22sunshine%22&stacks=on"),
    ]


def test_without_examples_there_is_no_taste(soup: Soup) -> None:
    """There is nothing to distinguish."""
    assert soup("/?query=x").select(".distinctive-terms") == []
