"""Both ends of a search side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pages.gallery import picture
from tests.pages.wire import page, refusal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from flask.testing import FlaskClient

    from tests.pages.conftest import Soup
    from tests.pages.wire import Wire

A, B, C = picture(0, "a"), picture(1, "b"), picture(2, "c")


def columns(soup: BeautifulSoup) -> list[tuple[str, str, list[str], list[str], str]]:
    """Of each end: its name, its count, its cards, those only it has, where it leads."""
    return [
        (
            section.h2.get_text(),  # type: ignore[union-attr]
            section.select_one("header .tally").get_text(),  # type: ignore[union-attr]
            [str(card["data-asset-id"]) for card in section.select(".card")],
            [str(card["data-asset-id"]) for card in section.select(".only .card")],
            str(section.select_one("header .button")["href"]),  # type: ignore[index]
        )
        for section in soup.select(".ends > section")
    ]


def test_words_and_meaning_side_by_side(wire: Wire, soup: Soup) -> None:
    """What only one of them found is marked, also for who cannot see the mark."""
    wire.next(page(A, B, total=2), page(B, C, total=90))
    shown = soup("/ends/words?query=castle&querySemanticRatio=0.4&kind=image&stacks=on")
    assert columns(shown) == [
        (
            "Exact words",
            "2 results · 1 of 2 only here",
            ["asset_a", "asset_b"],
            ["asset_a"],
            "/?query=castle&kind=image&stacks=on",
        ),
        (
            "Meaning",
            "90 results · 1 of 2 only here",
            ["asset_b", "asset_c"],
            ["asset_c"],
            "/?query=castle&querySemanticRatio=1&kind=image&stacks=on",
        ),
    ]
    assert [mark.get_text() for mark in shown.select(".only > .visually-hidden")] == [
        "Only here:",
        "Only here:",
    ]
    ratios = [request.json.get("querySemanticRatio") for request in wire.asked()]
    assert ratios == [None, 1.0]


def test_look_and_subject_side_by_side(wire: Wire, soup: Soup) -> None:
    """The other scale, of the same search, is a link away."""
    wire.next(page(A), page(A))
    shown = soup("/ends/likeness?query=castle&like=asset_c")
    assert [(label, only) for label, _, _, only, _ in columns(shown)] == [
        ("Near-duplicates", []),
        ("Same subject", []),
    ]
    assert [request.json.get("imageSemanticRatio") for request in wire.asked()] == [0.0, None]
    links = [str(link["href"]) for link in shown.select("p.back a")]
    assert links == ["/?query=castle&like=asset_c", "/ends/words?query=castle&like=asset_c"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/ends?query=castle&like=asset_c", "/ends/words?query=castle&like=asset_c"),
        ("/ends?like=asset_c", "/ends/likeness?like=asset_c"),
        ("/ends", "/ends/words"),
    ],
)
def test_one_address_leads_to_the_scale_that_there_is(
    client: FlaskClient, path: str, target: str
) -> None:
    """Words first."""
    assert client.get(path).headers["Location"] == target


@pytest.mark.parametrize(
    "path", ["/ends/words", "/ends/words?like=asset_c", "/ends/likeness?query=a"]
)
def test_without_anything_to_compare_the_page_says_what_it_takes(
    wire: Wire, soup: Soup, path: str
) -> None:
    """And asks nobody."""
    assert soup(path).select_one(".nothing h2").get_text() == "Nothing to compare"  # type: ignore[union-attr]
    assert wire.asked() == []


def test_an_unknown_scale_is_no_page(soup: Soup) -> None:
    """Rather than a guess."""
    assert soup("/ends/price?query=a", status=404).select_one(".failure") is not None


def test_a_failure_of_one_end_is_told(wire: Wire, soup: Soup) -> None:
    """With the search kept in the bar."""
    wire.next(page(A), refusal(429, "Too many requests"))
    shown = soup("/ends/words?query=castle", status=503)
    assert shown.select_one("#search [name=query]")["value"] == "castle"  # type: ignore[index]


def test_the_results_lead_to_both_ends(soup: Soup) -> None:
    """From the scale beside the count, with everything else of the search."""
    links = soup("/?query=castle&like=asset_c&kind=image&page=2").select(".scale .both")
    assert [str(link["href"]) for link in links] == [
        "/ends/likeness?query=castle&like=asset_c&kind=image",
        "/ends/words?query=castle&like=asset_c&kind=image",
    ]
