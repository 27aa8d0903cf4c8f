"""Both ends of a search side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.hits import image_hit
from tests.support.scenario_api import page, refusal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

A, B, C = image_hit(0, "a"), image_hit(1, "b"), image_hit(2, "c")


def columns(soup: BeautifulSoup) -> list[tuple[str, str, list[str], list[str], str]]:
    """Of each end: its name, its count, its cards, those only it has, where it leads."""
    return [
        (
            section.h2.get_text(),  # type: ignore[union-attr]
            section.select_one("header .detail").get_text(),  # type: ignore[union-attr]
            [str(card["data-asset-id"]) for card in section.select(".card")],
            [str(card["data-asset-id"]) for card in section.select(".only-here .card")],
            str(section.select_one("header .button")["href"]),  # type: ignore[index]
        )
        for section in soup.select(".extremes > section")
    ]


def test_words_and_meaning_side_by_side(api: FakeAPI, soup: Soup) -> None:
    """What only one of them found is marked, also for who cannot see the mark."""
    api.next(page(A, B, total=2), page(B, C, total=90))
    shown = soup("/ends/words?query=castle&querySemanticRatio=0.4&kind=image&stacks=on")
    assert columns(shown) == [
        (
            "Exact words",
            "2 results · 1 of 2 only here",
            ["asset_a", "asset_b"],
            ["asset_a"],
            "/?query=castle&querySemanticRatio=0&kind=image&stacks=on",
        ),
        (
            "Meaning",
            "90 results · 1 of 2 only here",
            ["asset_b", "asset_c"],
            ["asset_c"],
            "/?query=castle&querySemanticRatio=1&kind=image&stacks=on",
        ),
    ]
    assert [mark.get_text() for mark in shown.select(".only-here > .visually-hidden")] == [
        "Only in this column:",
        "Only in this column:",
    ]
    ratios = [request.json.get("querySemanticRatio") for request in api.received()]
    assert ratios == [None, 1.0]


def test_look_and_subject_side_by_side(api: FakeAPI, soup: Soup) -> None:
    """The other scale, of the same search, is a link away."""
    api.next(page(A), page(A))
    shown = soup("/ends/likeness?query=castle&like=asset_c")
    assert [(label, only) for label, _, _, only, _ in columns(shown)] == [
        ("Near-duplicates", []),
        ("Same subject", []),
    ]
    assert [request.json.get("imageSemanticRatio") for request in api.received()] == [0.0, None]
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
    api: FakeAPI, soup: Soup, path: str
) -> None:
    """And no request is sent to the API."""
    assert soup(path).select_one(".empty-state h2").get_text() == "Nothing to compare"  # type: ignore[union-attr]
    assert api.received() == []


def test_an_unknown_scale_is_no_page(soup: Soup) -> None:
    """Rather than a guess."""
    assert soup("/ends/price?query=a", status=404).select_one(".failure") is not None


def test_a_failure_of_one_end_is_reported(api: FakeAPI, soup: Soup) -> None:
    """The search bar still shows the search."""
    api.next(page(A), refusal(429, "Too many requests"))
    shown = soup("/ends/words?query=castle", status=503)
    assert shown.select_one("#search [name=query]")["value"] == "castle"  # type: ignore[index]


def test_the_results_lead_to_both_ends(soup: Soup) -> None:
    """From the scale beside the count, with everything else of the search."""
    links = soup("/?query=castle&like=asset_c&kind=image&page=2").select(".scale .extremes-link")
    assert [str(link["href"]) for link in links] == [
        "/ends/likeness?query=castle&like=asset_c&kind=image",
        "/ends/words?query=castle&like=asset_c&kind=image",
    ]
